"""The executions of spec files as bars: from when to when, on which worker, and how they ended."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from currents_async.analysis._times import (
    TimedAttempt,
    TimedExecution,
    first,
    latest_moment,
    timed_execution,
)
from currents_async.analysis.details import Execution, RunDetails
from currents_async.models._model import Model
from currents_async.models.common import Outcome
from currents_async.models.runs import RunSpec


class Span(Model, frozen=True, gc=False, kw_only=True):
    """A stretch of time."""

    started_at: datetime
    ended_at: datetime

    @property
    def duration_ms(self) -> int:
        """Milliseconds from the start to the end."""
        return (self.ended_at - self.started_at) // timedelta(milliseconds=1)


SpanT = TypeVar("SpanT", bound=Span)


class BarAttempt(Span, frozen=True, gc=False, kw_only=True):
    """An attempt at a test. It may end a little later than its spec file."""

    title: str = ""
    """That of the test, in one line."""
    number: int = 0
    """Counts from 0: all others are retries."""
    state: Outcome | None = None


class Bar(Span, frozen=True, gc=False, kw_only=True):
    """The execution of a spec file."""

    spec: RunSpec
    state: Outcome | None = None
    """How it ended; None if that is unknown, or not yet decided.

    FAILED if a test failed, even while the file runs, or the file itself. SKIPPED if a test was
    interrupted or never reached, and PENDING if all were skipped on purpose.
    """
    is_flaky: bool = False
    """Whether a test passed only after a failed attempt."""
    attempts: tuple[BarAttempt, ...] = ()
    """Those that have a start, in that order. They overlap if the file is fully parallel."""
    is_running: bool = False
    """Whether it goes on: `ended_at` is the latest moment that the run knows."""


class PlacedBar(NamedTuple):
    """A bar, and the worker of a machine that executed it."""

    machine_id: str | None
    worker: int | None
    bar: Bar


def placed_bars(details: RunDetails) -> tuple[list[PlacedBar], list[RunSpec]]:
    """Return the bars of a run, and the spec files that have no start."""
    found = [(one.spec, timed_execution(one, details.run)) for one in details.executions]
    timed = [one for _, one in found if one is not None]
    latest = latest_moment(details.run, timed)
    is_over = details.run.has_ended
    placed = [_placed(one, one.ended or latest or one.started, is_over=is_over) for one in timed]
    return placed, [spec for spec, one in found if one is None]


def rows_of(spans: Iterable[SpanT]) -> list[list[SpanT]]:
    """Arrange spans, which are sorted by their starts, in rows in which they do not overlap."""
    rows: list[list[SpanT]] = []
    for span in spans:
        free = next((row for row in rows if row[-1].ended_at <= span.started_at), None)
        if free is None:
            rows.append([span])
        else:
            free.append(span)
    return rows


def _placed(timed: TimedExecution, ended: datetime, *, is_over: bool) -> PlacedBar:
    spec, instance = timed.execution.spec, timed.execution.instance
    is_running = timed.is_open and not is_over
    bar = Bar(
        spec=spec,
        started_at=timed.started,
        ended_at=ended,
        state=_state_of(timed, is_running=is_running),
        is_flaky=spec.flaky > 0
        or (instance is not None and any(test.is_flaky for test in instance.tests)),
        attempts=tuple(_bar_attempt(one, ended) for one in timed.attempts),
        is_running=is_running,
    )
    machine_id = spec.machine_id or (instance and instance.machine_id) or None
    return PlacedBar(machine_id, _worker_of(timed), bar)


def _bar_attempt(timed: TimedAttempt, ended: datetime) -> BarAttempt:
    return BarAttempt(
        title=timed.title,
        number=timed.number,
        state=timed.attempt.state,
        started_at=timed.started,
        ended_at=timed.ended or max(timed.started, ended),
    )


def _worker_of(timed: TimedExecution) -> int | None:
    """Return the parallel index: that of the first attempt if the spec file itself has none.

    Playwright gives what no worker has executed the index -1:
    https://playwright.dev/docs/api/class-testresult#test-result-worker-index.
    """
    spec, instance = timed.execution.spec, timed.execution.instance
    workers = (spec.worker, instance.worker if instance is not None else None)
    of_file = (worker.parallel_index for worker in workers if worker is not None)
    indexes = (*of_file, *(one.attempt.parallel_index for one in timed.attempts))
    return first(index for index in indexes if index is not None and index >= 0)


def _state_of(timed: TimedExecution, *, is_running: bool) -> Outcome | None:
    spec, instance = timed.execution.spec, timed.execution.instance
    if spec.failed or (instance is not None and instance.failed):
        return Outcome.FAILED
    if is_running:
        return None
    states = {*_states_in(timed.execution)}
    if timed.is_open:
        states.add(Outcome.SKIPPED)
    order = (Outcome.SKIPPED, Outcome.PASSED, Outcome.PENDING)
    return first(state for state in order if state in states)


def _states_in(execution: Execution) -> Iterator[Outcome | None]:
    for report in (execution.spec.results, execution.instance and execution.instance.results):
        if report and report.stats:
            yield Outcome.SKIPPED if report.stats.skipped else None
            yield Outcome.PASSED if report.stats.passes else None
            yield Outcome.PENDING if report.stats.pending else None
    if execution.instance is not None:
        yield from (test.state for test in execution.instance.tests)
