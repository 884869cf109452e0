"""Count runs and executions as the insights do, in periods of the same length.

A run has completed, was cancelled, has timed out, or is in progress; a completed one has failed or
passed. Rates are from 0 to 1.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from currents_async.testing._world.executions import WorldExecution
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import iso, parse_iso
from currents_async.testing._world.run import WorldRun
from currents_async.testing._world.state import COMPLETION

T = TypeVar("T")

_HOUR = 60 * 60 * 1000
_DAY = 24 * _HOUR
SPANS = {"1h": _HOUR, "1d": _DAY, "1w": 7 * _DAY}
"""The lengths in milliseconds."""
# A world starts on a Monday at nine o'clock: days start at midnight, weeks on Mondays.
_FIRST = -9 * _HOUR


def insights(
    runs: Sequence[WorldRun], executions: Sequence[WorldExecution], resolution: str
) -> Wire:
    """Count runs and executions, in total and in each period."""
    happened: list[tuple[int, WorldRun | WorldExecution]] = [
        *((parse_iso(run.created_at), run) for run in runs),
        *((one.run.created, one) for one in executions),
    ]
    timeline: list[Wire] = []
    for start, bucket in buckets(happened, lambda one: one[0], resolution):
        then = [one for _, one in bucket if isinstance(one, WorldRun)]
        tests = [one for _, one in bucket if isinstance(one, WorldExecution)]
        timeline.append({iso(start): {"runs": _count_runs(then), "tests": _count_tests(tests)}})
    overall = {"runs": _count_runs(runs), "tests": _count_tests(executions)}
    return {"overall": overall, "timeline": timeline}


def _count_runs(runs: Sequence[WorldRun]) -> Wire:
    completed = [run for run in runs if run.completion_state in COMPLETION["COMPLETE"]]
    failed = sum(run.status.upper() == "FAILED" for run in completed)
    durations: list[int] = [
        run.payload["durationMs"] for run in runs if run.payload.get("durationMs") is not None
    ]
    passed = len(completed) - failed
    return {
        "total": len(runs),
        "cancelled": sum(run.completion_state in COMPLETION["CANCELED"] for run in runs),
        "timeouts": sum(run.completion_state in COMPLETION["TIMEOUT"] for run in runs),
        "completed": len(completed),
        "failed": failed,
        "passed": passed,
        "nonFullyReported": len(runs) - len(completed),
        "avgDurationSeconds": sum(durations) / len(durations) / 1000 if durations else 0,
        "avgSuccessRate": passed / len(completed) if completed else 0,
    }


def _count_tests(executions: Sequence[WorldExecution]) -> Wire:
    states = Counter(one.state for one in executions)
    return {
        "total": len(executions),
        **{state: states[state] for state in ("failed", "passed", "pending", "skipped")},
        "flaky": sum(one.flaky for one in executions),
    }


def buckets(
    items: Iterable[T], moment: Callable[[T], int], resolution: str
) -> Iterator[tuple[int, list[T]]]:
    """Yield the start of each period and its items, from the first to the last that has any.

    Empty ones in between are included. Moments are in milliseconds since the world's `EPOCH`.
    """
    span = SPANS[resolution]
    found: dict[int, list[T]] = {}
    for item in items:
        found.setdefault((moment(item) - _FIRST) // span, []).append(item)
    if found:
        for number in range(min(found), max(found) + 1):
            yield _FIRST + number * span, found.get(number, [])
