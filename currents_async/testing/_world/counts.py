"""Count executions of tests and of spec files as their explorers do.

Rates are shares of executions, from 0 to 1. Of tests, `failures` counts failed and skipped
executions, and `ignored` pending ones (`docs/api/base.md`, "Counters"); a volume is a rate, or
the average duration, times the executions. An execution of a spec file is an entry of a run's specs
that a machine has claimed, or that was still waiting when its run timed out.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from currents_async.testing._world.executions import (
    WorldExecution,
    join_title,
    signature_of,
)
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.run import WorldRun

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
        "metrics": _test_metrics(executions, settings),
        "latestTag": newest.tags,
        "lastSeen": newest.run.created_at,
    }


def _test_metrics(executions: Sequence[WorldExecution], settings: MetricStates) -> Wire:
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


def count_spec_files(
    runs: Iterable[WorldRun], groups: Collection[str], *, failed_in_duration: bool
) -> list[Wire]:
    """Count the executions of each spec file in some runs, given the newest first."""
    found: dict[tuple[str, str], list[tuple[Wire, bool]]] = {}
    for run in runs:
        timeout: Wire = run.payload.get("timeout") or {}
        entries: list[Wire] = run.payload.get("specs") or []
        timed_out = bool(timeout.get("isTimeout"))
        for entry in entries:
            results: Wire = entry.get("results") or {}
            executed = entry.get("claimedAt") or results or timed_out
            if executed and (not groups or entry.get("groupId") in groups):
                key = run.project_id, entry["spec"]
                found.setdefault(key, []).append((results, timed_out))
    return [
        {
            "signature": signature_of(*key),
            "spec": key[1],
            "metrics": _spec_file_metrics(executions, failed_in_duration=failed_in_duration),
        }
        for key, executions in found.items()
    ]


def _spec_file_metrics(
    executions: Sequence[tuple[Wire, bool]], *, failed_in_duration: bool
) -> Wire:
    overall = len(executions)
    reported = [results for results, _ in executions if results]
    passed = [results for results in reported if not results["stats"]["failures"]]
    failed = len(reported) - len(passed)
    flaky = sum(bool(results.get("flaky")) for results in reported)
    timeouts = sum(timed_out for results, timed_out in executions if not results)
    durations: list[int] = [
        results["stats"].get("wallClockDuration") or 0
        for results in (reported if failed_in_duration else passed)
    ]
    return {
        "avgDuration": sum(durations) / len(durations) if durations else 0,
        "failedExecutions": failed,
        "failureRate": failed / overall,
        "flakeRate": flaky / overall,
        "flakyExecutions": flaky,
        "fullyReported": len(reported),
        "overallExecutions": overall,
        "suiteSize": reported[0]["stats"]["tests"] if reported else 0,
        "timeoutExecutions": timeouts,
        "timeoutRate": timeouts / overall,
    }
