"""`runs watch`: spec files as they complete, and how far the run is."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from currents_async.cli import _exit
from currents_async.cli._options import COMMON, CommonOptions, RunID
from currents_async.cli._output.columns import Column
from currents_async.cli._parts import standing
from currents_async.cli._progress import progress_bar
from currents_async.cli._streams import note
from currents_async.models import RunSpec, RunStatus
from currents_async.reports._verdict import verdict_of

if TYPE_CHECKING:
    from currents_async import Currents, RunWatch
    from currents_async.cli._progress.words import Work

Seconds = Annotated[float, Parameter(validator=Number(gt=0))]


def _local(moment: datetime | None) -> str | None:
    """Return the time of day here, and the day if it is not today."""
    if moment is None:
        return None
    here = moment.astimezone()
    is_today = here.date() == datetime.now().astimezone().date()
    return f"{here:%H:%M:%S}" if is_today else f"{here:%Y-%m-%d %H:%M:%S}"


def _counts(spec: RunSpec) -> str:
    stats = None if spec.results is None else spec.results.stats
    if stats is None:
        return ""
    counts = {
        "passed": stats.passes,
        "failed": stats.failures,
        "flaky": spec.flaky,
        "pending": stats.pending,
        "skipped": stats.skipped,
    }
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "no tests"


_SPEC = (
    Column("status", standing, "verdict"),
    Column[RunSpec]("at", lambda spec: _local(spec.completed_at)),
    Column[RunSpec]("spec", lambda spec: spec.spec, "path"),
    Column("tests", _counts),
    Column[RunSpec]("took", lambda spec: spec.duration, "duration", rank=1),
)


async def watch(
    run_id: RunID,
    /,
    *,
    timeout: Seconds | None = None,  # noqa: ASYNC109 - of the client's clock
    interval: Seconds = 2,
    fail_on: Literal["failed"] | None = None,
    common: CommonOptions = COMMON,
) -> int:
    """Print the specs of a run as they complete, until the run has ended.

    currents-async runs watch RUN_ID

    currents-async runs watch RUN_ID --timeout 3600 --fail-on failed

    Parameters
    ----------
    timeout
        Seconds to wait at most; then the exit code is 1.
    interval
        Seconds between two looks at a run that makes progress.
    fail_on
        With `failed`, the exit code is 6 when the run has not passed.

    """
    async with (
        common.open(RunSpec, _SPEC) as (currents, printer),
        currents.runs.watch(run_id, timeout=timeout, interval=interval) as specs,
    ):
        with progress_bar("specs", currents) as work, printer.live() as add:
            seen = _Seen(currents, specs, work)
            async for spec in specs:
                seen.count(spec)
                add(spec)
        run = specs.run
    note(f"run {run.run_id}: {verdict_of(run).words}")
    has_passed = run.is_complete and run.status == RunStatus.PASSED
    return _exit.FINDINGS if fail_on is not None and not has_passed else _exit.OK


class _Seen:
    """What has come of a run so far, for the line that says how far it is."""

    def __init__(self, currents: "Currents", watched: "RunWatch", work: "Work") -> None:
        self._clock = currents.clock
        self._watched = watched
        self._work = work
        self._done = self._failed = 0
        work.look = self._look

    def count(self, spec: RunSpec) -> None:
        self._done += 1
        self._failed += spec.failed

    def _look(self) -> None:
        failed = f"{self._failed:,} failed" if self._failed else ""
        self._work.advance(self._done, self._watched.total, failed)
        run = self._watched.latest
        if run is not None and run.created_at is not None:
            # The pace is that of the run, which may have begun long before.
            age = self._clock.wall() - run.created_at.timestamp()
            self._work.since = self._clock.now() - age
