"""When a spec file was executed: which of the times that the API has count, and by whose clock."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from currents_async.analysis.details import Execution
from currents_async.models.common import Stats
from currents_async.models.instances import Attempt, Instance
from currents_async.models.runs import Run

T = TypeVar("T")


class TimedAttempt(NamedTuple):
    """An attempt that has a start."""

    title: str
    number: int
    attempt: Attempt
    started: datetime
    ended: datetime | None


class TimedExecution(NamedTuple):
    """An execution that has a start."""

    execution: Execution
    attempts: list[TimedAttempt]
    """In the order of their starts."""
    started: datetime
    ended: datetime | None
    is_open: bool
    """Whether a machine began it, and its end was not reported."""

    def corrected(self, error: float) -> "TimedExecution":
        """Return the same by a clock that is right; the error is in milliseconds."""
        if not error:
            return self
        attempts = [
            one._replace(
                started=plus(one.started, error), ended=one.ended and plus(one.ended, error)
            )
            for one in self.attempts
        ]
        return self._replace(
            attempts=attempts,
            started=plus(self.started, error),
            ended=self.ended and plus(self.ended, error),
        )


def timed_execution(execution: Execution, run: Run) -> TimedExecution | None:
    """Return when an execution took place; None if it has no start."""
    claimed, completed = _claim_of(execution)
    stats, attempts = _stats_of(execution), _attempts_of(execution.instance)
    begun = first(one.wall_clock_started_at or one.started_at for one in stats) or claimed
    started = begun or first(one.started for one in attempts)
    if started is None:
        return None
    ends = [*_measured_ends(stats, started), *filter(None, [completed])]
    is_open = begun is not None and not ends
    if attempts and (run.has_ended or not is_open):
        ends.append(max(one.ended or one.started for one in attempts))
    # An end before the start is as good as the start itself.
    ended = first(one for one in ends if one >= started) or (started if ends else None)
    timed = TimedExecution(execution, attempts, started, ended, is_open)
    return timed.corrected(_clock_error(timed, claimed, completed))


def latest_moment(run: Run, executions: Iterable[TimedExecution]) -> datetime | None:
    """Return the latest moment that a run knows; None if it knows none."""
    return max(_moments(run, executions), default=None)


def _moments(run: Run, executions: Iterable[TimedExecution]) -> Iterator[datetime]:
    for one in executions:
        yield one.ended or one.started
        yield from (attempt.ended or attempt.started for attempt in one.attempts)
    if run.created_at is not None and run.duration_ms is not None:
        yield plus(run.created_at, run.duration_ms)
    if run.cancellation is not None and run.cancellation.at is not None:
        yield run.cancellation.at


def _claim_of(execution: Execution) -> tuple[datetime | None, datetime | None]:
    """Return when a machine claimed the spec file, and when its results had arrived."""
    spec, instance = execution.spec, execution.instance
    if instance is None:
        return spec.claimed_at, spec.completed_at
    last = max((one.at for one in instance.claim_list if one.at), default=None)
    claimed = spec.claimed_at or instance.claimed_at or last
    return claimed, spec.completed_at or instance.completed_at


def _stats_of(execution: Execution) -> list[Stats]:
    reports = (execution.spec.results, execution.instance and execution.instance.results)
    return [report.stats for report in reports if report and report.stats]


def _measured_ends(stats: Iterable[Stats], started: datetime) -> Iterator[datetime]:
    for one in stats:
        ended = one.wall_clock_ended_at or one.ended_at
        if ended is not None:
            yield ended
        if one.duration_ms is not None:
            yield plus(started, one.duration_ms)


def _attempts_of(instance: Instance | None) -> list[TimedAttempt]:
    if instance is None:
        return []
    found = [
        TimedAttempt(test.full_title, number, attempt, started, _end_of(attempt, started))
        for test in instance.tests
        for number, attempt in enumerate(test.attempts)
        if (started := attempt.wall_clock_started_at) is not None
    ]
    return sorted(found, key=lambda one: one.started)


def _end_of(attempt: Attempt, started: datetime) -> datetime | None:
    lasted = attempt.wall_clock_duration
    return None if lasted is None else plus(started, max(0, lasted))


def _clock_error(
    timed: TimedExecution, claimed: datetime | None, completed: datetime | None
) -> float:
    """Return what the clock lacks that measured an end before the claim, or a start after the end.

    It is in milliseconds.
    """
    if claimed is None or timed.ended is None:
        return 0
    is_late = completed is not None and claimed <= completed < timed.started
    is_wrong = is_late or timed.ended < claimed
    return (claimed - timed.started) / timedelta(milliseconds=1) if is_wrong else 0


def first(candidates: Iterable[T | None]) -> T | None:
    """Return the first that is not None."""
    return next((one for one in candidates if one is not None), None)


def plus(when: datetime, milliseconds: float) -> datetime:
    """Return another time, or the same one if the other is beyond all dates."""
    try:
        return when + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return when
