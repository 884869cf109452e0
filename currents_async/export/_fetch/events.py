"""What a harvest hands out, as it fetches windows."""

from collections.abc import Collection

import msgspec

from currents_async.errors import CurrentsError
from currents_async.export._windows import Window
from currents_async.models import Instance, Run


class FetchEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what a harvest hands out."""

    window: Window


class RunFetched(FetchEvent, frozen=True, kw_only=True):
    """A run with all its specs; without them where they could not, or should not be fetched."""

    run: Run
    digest: str = ""
    """Of what the list said about it."""
    is_whole: bool = True
    """Whether everything requested of it was received; if not, it is as the list has it."""


class RunUnchanged(FetchEvent, frozen=True, kw_only=True):
    """A run that was skipped: the list says the same of it as when it was last fetched."""

    run_id: str


class InstanceFetched(FetchEvent, frozen=True, kw_only=True):
    """An instance of a run."""

    run_id: str
    instance: Instance


class FetchFailed(FetchEvent, frozen=True, kw_only=True):
    """What could not be fetched: an instance; the specs of a run, and so all its instances; a list.

    Without a `run_id` it is the list of runs of the window, or part of it.
    """

    run_id: str = ""
    instance_id: str = ""
    spec: str = ""
    error: CurrentsError


class WindowEnded(FetchEvent, frozen=True, kw_only=True):
    """The end of a window: nothing more of it follows."""

    is_listed: bool = True
    """Whether all of its runs have been listed."""
    run_ids: Collection[str] = ()
    """The runs that have been listed."""
