"""The timeline of a run: which worker executed which spec file when, and where it waited."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from currents_async.analysis._balance import least_makespan
from currents_async.analysis.bars import Bar, PlacedBar, Span, placed_bars, rows_of
from currents_async.analysis.details import RunDetails
from currents_async.models._model import Model
from currents_async.models.runs import RunSpec


class Lane(Model, frozen=True, gc=False, kw_only=True):
    """What one worker of one machine executed, one spec file after the other."""

    number: int
    """Counts from 1."""
    machine_number: int
    """Counts from 1, in the order in which the machines started."""
    machine_id: str | None = None
    worker: int | None = None
    """Playwright's parallel index, which stays the same when it restarts a worker; else None."""
    bars: tuple[Bar, ...] = ()
    idle: tuple[Span, ...] = ()
    """When the worker executed nothing, between the start and the end of the run.

    If its spec files overlap, it has further lanes, and the first of them has the idle time.
    """

    @property
    def name(self) -> str:
        """What to call it: `Machine 3, worker 1`, without the worker if that is unknown."""
        worker = "" if self.worker is None else f", worker {self.worker}"
        return f"Machine {self.machine_number}{worker}"

    @property
    def busy_ms(self) -> int:
        """Milliseconds of all bars."""
        return sum(bar.duration_ms for bar in self.bars)

    @property
    def idle_ms(self) -> int:
        """Milliseconds in which nothing was executed."""
        return sum(span.duration_ms for span in self.idle)


class Timeline(Model, frozen=True, gc=False, kw_only=True):
    """When the spec files of a run were executed, and by which worker of which machine."""

    started_at: datetime | None = None
    """When the first spec file started; None if that of none is known."""
    ended_at: datetime | None = None
    """When the last one ended."""
    lanes: tuple[Lane, ...] = ()
    """By machine, in the order in which these started, and by worker."""
    unplaced: tuple[RunSpec, ...] = ()
    """The spec files without a start, most of which no machine has claimed."""
    critical_path: tuple[Bar, ...] = ()
    """The bars of the lane that ended last: those that held everything up."""
    balanced_ms: int | None = None
    """The least time in which as many workers could have executed the same spec files.

    Each is as long as it was, and can go to any worker, which has it from the start. None while a
    spec file runs. It is exact for up to 12 spec files; for more of them it may be too long, by a
    third at most: `least_makespan` in `_balance.py`.
    """

    @property
    def duration_ms(self) -> int:
        """Milliseconds from the start to the end; 0 if neither is known."""
        if self.started_at is None or self.ended_at is None:
            return 0
        return Span(started_at=self.started_at, ended_at=self.ended_at).duration_ms

    @property
    def bars(self) -> list[Bar]:
        """The bars of all lanes."""
        return [bar for lane in self.lanes for bar in lane.bars]

    @property
    def critical_lane(self) -> Lane | None:
        """The lane that ended last."""
        return next((lane for lane in self.lanes if lane.bars == self.critical_path), None)

    @property
    def slowest(self) -> Bar | None:
        """The slowest spec file on the critical path."""
        return max(self.critical_path, key=lambda bar: bar.duration_ms, default=None)


def timeline_of(details: RunDetails) -> Timeline:
    """Arrange the spec files of a run by the workers that executed them.

    A spec file takes the time that its execution measured (`stats.wallClockStartedAt` and
    `…EndedAt`, or `…Duration`), by the same clock as those of its attempts. If these lie wholly
    outside the time between `claimedAt` and `completedAt`, the clock of the machine was wrong, and
    all of them are moved to the claim. Without them, the time from claim to completion counts, and
    last that of the attempts. What has no end lasts until the latest moment that the run knows; an
    end before the start is ignored.

    The worker is that of the spec file or of its instance, else of its first attempt. A number of
    a worker is that of one machine: workers of two machines never share a lane. Spec files that
    overlap have lanes of their own, for it is unknown what ran where (Cypress has no workers), or
    the file is fully parallel. Times that are missing or contradictory raise no error.

    Source: `docs/api/fields.md`, "Runs" and "Instances".
    """
    placed, unplaced = placed_bars(details)
    if not placed:
        return Timeline(unplaced=tuple(unplaced))
    started = min(one.bar.started_at for one in placed)
    ended = max(one.bar.ended_at for one in placed)
    machines = _machines(placed)
    run = Span(started_at=started, ended_at=ended)
    lanes = tuple(_numbered(machines, run))
    last = max(lanes, key=lambda lane: lane.bars[-1].ended_at)
    is_running = any(one.bar.is_running for one in placed)
    return Timeline(
        started_at=started,
        ended_at=ended,
        lanes=lanes,
        unplaced=tuple(unplaced),
        critical_path=last.bars,
        balanced_ms=None if is_running else _balanced(machines, run),
    )


def _machines(placed: Iterable[PlacedBar]) -> list[list[PlacedBar]]:
    """Return the bars of each machine, in the order in which these started, by their starts."""
    machines: dict[str | None, list[PlacedBar]] = {}
    for one in sorted(placed, key=lambda one: (one.bar.started_at, one.bar.ended_at)):
        machines.setdefault(one.machine_id, []).append(one)
    return [*machines.values()]


def _numbered(machines: Sequence[Sequence[PlacedBar]], run: Span) -> Iterator[Lane]:
    number = 0
    for machine_number, placed in enumerate(machines, 1):
        machine_id = placed[0].machine_id
        for worker, bars, idle in _rows_of(placed, run):
            number += 1
            yield Lane(
                number=number,
                machine_number=machine_number,
                machine_id=machine_id,
                worker=worker,
                bars=tuple(bars),
                idle=tuple(idle),
            )


def _rows_of(
    placed: Sequence[PlacedBar], run: Span
) -> Iterator[tuple[int | None, list[Bar], Iterable[Span]]]:
    """Yield the workers of a machine, each with bars that do not overlap, and when it was idle."""
    is_machine_known = placed[0].machine_id is not None
    workers: dict[int | None, list[Bar]] = {}
    for one in placed:
        workers.setdefault(one.worker, []).append(one.bar)
    for worker in sorted(workers, key=lambda worker: (worker is None, worker or 0)):
        bars = workers[worker]
        is_one_worker = is_machine_known and worker is not None
        for number, row in enumerate(rows_of(bars)):
            if is_one_worker:
                yield worker, row, _gaps(bars, run) if number == 0 else ()
            else:
                yield worker, row, _gaps(row, run)


def _gaps(bars: Iterable[Bar], run: Span) -> Iterator[Span]:
    """Yield when no bar was executed, of some that are sorted by their starts."""
    free = run.started_at
    for bar in bars:
        if bar.started_at > free:
            yield Span(started_at=free, ended_at=bar.started_at)
        free = max(free, bar.ended_at)
    if run.ended_at > free:
        yield Span(started_at=free, ended_at=run.ended_at)


def _balanced(machines: Sequence[Sequence[PlacedBar]], run: Span) -> int:
    """Return the least time of all bars on as many workers as there were.

    The run itself was a schedule for them, so that it cannot be worse.
    """
    jobs = [one.bar.duration_ms for placed in machines for one in placed]
    return min(least_makespan(jobs, sum(map(_workers, machines))), run.duration_ms)


def _workers(placed: Sequence[PlacedBar]) -> int:
    """Return how many workers a machine had: those that are known, or that were busy at once."""
    known = {one.worker for one in placed if one.worker is not None}
    return max(len(known), len(rows_of(one.bar for one in placed)))
