"""The events of webhooks: one Struct for each documented event, and one for all others.

Source: `docs/api/webhooks.md`, "Body".
"""

from datetime import datetime

from currents_async._client import Currents
from currents_async.errors import InvalidArgumentError
from currents_async.models import Commit, Run
from currents_async.models._model import OpenModel


class RunEvent(OpenModel, frozen=True, gc=False, kw_only=True):
    """Base of all events. Nothing in it is signed: take it as a hint, and rely on `fetch`.

    Counters are those at the time of sending, and those of the group alone if there is one.
    """

    run_id: str | None
    """From `run_url`, whose host is one that the verifier expects."""
    run_url: str | None = None
    """The run in the dashboard."""
    build_id: str | None = None
    """The CI build ID, as the CI reported it."""
    group_id: str | None = None
    """The group that the event is about, in runs of several groups."""
    tags: tuple[str, ...] = ()
    commit: Commit | None = None
    overall: int = 0
    passes: int = 0
    failures: int = 0
    pending: int = 0
    """Skipped on purpose."""
    skipped: int = 0
    """Interrupted, or never run."""
    retries: int = 0
    flaky: int = 0
    sent_at: datetime | None = None
    """From the header `x-timestamp`; None if it is missing, which only `insecure` accepts."""
    key: str = ""
    """Identifies this delivery: a hash of event, run, group, time sent, and body.

    A delivery that is sent again because it got no response may have another time, and so another
    key.
    """

    @property
    def name(self) -> str:
        """The service's own name of the event, for example `RUN_FINISH`."""
        return str(self.__struct_config__.tag)

    async def fetch(self, currents: Currents) -> Run:
        """Fetch the run of this event.

        Raises what `currents.runs.get` raises, and `InvalidArgumentError` for an unknown event
        without a run.
        """
        if self.run_id is None:
            raise InvalidArgumentError(f"{self.name!r} names no run")
        return await currents.runs.get(self.run_id, fresh=True)


class RunStarted(RunEvent, frozen=True, gc=False, kw_only=True, tag_field="event", tag="RUN_START"):
    """A run has begun."""

    run_id: str


class RunFinished(
    RunEvent, frozen=True, gc=False, kw_only=True, tag_field="event", tag="RUN_FINISH"
):
    """A run, or a group of it, is complete: passed or failed."""

    run_id: str


class RunTimedOut(
    RunEvent, frozen=True, gc=False, kw_only=True, tag_field="event", tag="RUN_TIMEOUT"
):
    """A run, or a group of it, took too long."""

    run_id: str


class RunCanceled(
    RunEvent, frozen=True, gc=False, kw_only=True, tag_field="event", tag="RUN_CANCELED"
):
    """A run was cancelled."""

    run_id: str


class UnknownEvent(RunEvent, frozen=True, gc=False, kw_only=True):
    """An event that is not documented: all its fields are here or in `extra`."""

    run_id: str | None = None
    event: str
    """The service's own name of the event."""

    @property
    def name(self) -> str:
        """The service's own name of the event."""
        return self.event


AnyEvent = RunStarted | RunFinished | RunTimedOut | RunCanceled | UnknownEvent
"""The event of a delivery."""
