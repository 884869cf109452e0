"""Count executions of tests as the tests explorer does.

`failures` counts failed and skipped executions, and `ignored` pending ones ("Counters" in the
README of the API). Rates are shares of executions, from 0 to 1; a volume is a rate, or the average
duration, times the executions.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from currents_async.testing._world.executions import WorldExecution, join_title
from currents_async.testing._world.facts import Wire

STATES = ("passed", "failed", "pending", "skipped")
_FAILURES = frozenset({"failed", "skipped"})


class MetricStates(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The states that count for some metrics; None counts all."""

    executions: list[str] | None = None
    avg_duration: list[str] | None = None
    flakiness_rate: list[str] | None = None
    failure_rate: list[str] | None = None


def count_tests(executions: Iterable[WorldExecution], settings: MetricStates) -> dict[str, Wire]:
    """Count the executions of each test, by its signature; the newest execution comes first."""
    found: dict[str, list[WorldExecution]] = {}
    for one in executions:
        found.setdefault(one.signature, []).append(one)
    return {signature: _count_test(mine, settings) for signature, mine in found.items()}


def _count_test(executions: Sequence[WorldExecution], settings: MetricStates) -> Wire:
    newest = executions[0]
    return {
        "title": join_title(newest.title),
        "titlePath": newest.title,
        "signature": newest.signature,
        "spec": newest.spec,
        "metrics": _metrics(executions, settings),
        "latestTag": newest.tags,
        "lastSeen": newest.run.created_at,
    }


def _metrics(executions: Sequence[WorldExecution], settings: MetricStates) -> Wire:
    states = [one.state for one in executions]
    count = len(_in(executions, settings.executions))
    timed = _in(executions, settings.avg_duration)
    average = _share(sum(one.duration for one in timed), len(timed))
    tried = _in(executions, settings.flakiness_rate)
    flakiness = _share(sum(one.flaky for one in tried), len(tried))
    judged = _in(executions, settings.failure_rate)
    failure = _share(sum(one.state in _FAILURES for one in judged), len(judged))
    return {
        "executions": count,
        "failures": sum(state in _FAILURES for state in states),
        "ignored": states.count("pending"),
        "passes": states.count("passed"),
        "flaky": sum(one.flaky for one in executions),
        "flakinessRate": flakiness,
        "failureRate": failure,
        "avgDurationMs": average,
        "flakinessVolume": flakiness * count,
        "failureVolume": failure * count,
        "durationVolume": average * count,
    }


def _in(
    executions: Sequence[WorldExecution], states: Collection[str] | None
) -> Sequence[WorldExecution]:
    return executions if states is None else [one for one in executions if one.state in states]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
