"""`share` and `traces`: links that show what failed to whoever has them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App, Parameter

from currents_async.cli._moments import read_span
from currents_async.cli._options import (
    COMMON,
    CONNECTION,
    CommonOptions,
    Connection,
    Index,
    InstanceID,
    TestID,
)
from currents_async.cli._report_files import check_file, check_folder, in_thread
from currents_async.cli._streams import write_text
from currents_async.errors import InvalidArgumentError
from currents_async.models import Share, SharePurpose, TraceLink, TraceView
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async import Currents

traces = App(name="traces")

_DAYS = {"1d": 1, "3d": 3, "7d": 7}
_READING = 3600
"""Seconds that a link lasts which nobody sees."""


class Downloaded(Model, frozen=True, gc=False, kw_only=True):
    """A trace that was saved."""

    path: str
    size: int
    """Bytes."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """Which trace of a test, or that of a session."""

    attempt: Index | None = None
    """The attempt at the test, counting from 0; by default the last that has a trace."""
    artifact: str | None = None
    """The name of one of several traces of the attempt."""
    session: str | None = None
    """A session that the trace is attached to, with --attachment; instead of a test."""
    attachment: str | None = None
    """The attachment of the session."""

    async def link(
        self, currents: "Currents", instance_id: str | None, test_id: str | None, ttl: int | None
    ) -> TraceLink:
        """Create a link to the trace."""
        match instance_id, test_id, self.session, self.attachment:
            case str(), str(), None, None:
                return await currents.traces.link(
                    instance_id,
                    test_id,
                    attempt=self.attempt,
                    artifact_name=self.artifact,
                    ttl_seconds=ttl,
                )
            case None, None, str() as session, str() as attachment if (
                self.attempt is None and self.artifact is None
            ):
                return await currents.traces.session_link(session, attachment, ttl_seconds=ttl)
            case _:
                raise InvalidArgumentError(
                    "pass an instance ID and a test ID, perhaps with --attempt and --artifact, or "
                    "--session and --attachment"
                )


_ANY = Which()


async def share(
    purpose: SharePurpose,
    run_id: str | None = None,
    /,
    *,
    instance: str | None = None,
    test: str | None = None,
    session: str | None = None,
    attempt: Index | None = None,
    expires_in: Literal["1d", "3d", "7d"] | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Print links to a public snapshot of a run, a spec file, a test or a session.

    Parameters
    ----------
    purpose
        What it is for: `fix` has the failures with their context, `report` every test.
    run_id
        The run to share.
    instance
        Share only this instance of the run; or with --test alone, that of the test.
    test
        Share only this test of --instance, without a run ID.
    session
        Share a report of this session instead.
    attempt
        The attempt at a test to fix, counting from 0; by default the last that failed.
    expires_in
        How long the links last, by default 1d to fix and 7d for a report.

    """
    async with common.open(Share, "url, pageUrl, expiresAt") as (currents, printer):
        created = await currents.shares.create(
            purpose,
            run_id=run_id,
            instance_id=instance,
            test_id=test,
            session_id=session,
            attempt=attempt,
            expires_in_days=None if expires_in is None else _DAYS[expires_in],
        )
        printer.one(created, links=True)


@traces.command
async def link(
    instance_id: InstanceID | None = None,
    test_id: TestID | None = None,
    /,
    *,
    which: Which = _ANY,
    expires_in: str | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Print a link to the trace of a test, which shows it to whoever has the link.

    currents-async traces link INSTANCE_ID TEST_ID

    currents-async traces link INSTANCE_ID TEST_ID --expires-in 3d

    Parameters
    ----------
    expires_in
        How long the link lasts: 60s to 7d, by default a day.

    """
    ttl = None if expires_in is None else read_span("--expires-in", expires_in)
    async with common.open(TraceLink, "url, expiresAt") as (currents, printer):
        seconds = None if ttl is None else int(ttl.total_seconds())
        printer.one(await which.link(currents, instance_id, test_id, seconds), links=True)


@traces.command
async def digest(
    instance_id: InstanceID | None = None,
    test_id: TestID | None = None,
    /,
    *,
    which: Which = _ANY,
    connection: Connection = CONNECTION,
) -> None:
    """Print what happened in a test as Markdown: actions, errors and failed requests.

    currents-async traces digest INSTANCE_ID TEST_ID

    currents-async traces digest INSTANCE_ID TEST_ID --attempt 1

    """
    async with connection.open() as currents:
        trace = await which.link(currents, instance_id, test_id, _READING)
        write_text(await currents.traces.digest(trace))


@traces.command
async def download(
    instance_id: InstanceID | None = None,
    test_id: TestID | None = None,
    /,
    *,
    which: Which = _ANY,
    to: str,
    view: TraceView = "download",
    common: CommonOptions = COMMON,
) -> None:
    """Save the trace of a test, or a picture of it.

    currents-async traces download INSTANCE_ID TEST_ID --to trace.zip --attempt 1

    currents-async traces download INSTANCE_ID TEST_ID --to traces

    Parameters
    ----------
    to
        The file or the directory to save it in.
    view
        What to save: the trace as it was uploaded, all of the attempt as one image, or an animated
        one.

    """
    check = check_folder if await in_thread(Path(to).is_dir) else check_file
    await in_thread(partial(check, "--to", to))
    async with common.open(Downloaded, "path, size") as (currents, printer):
        trace = await which.link(currents, instance_id, test_id, _READING)
        saved = await currents.traces.download(trace, to=to, view=view)
        printer.one(Downloaded(path=str(saved.path), size=saved.size))
