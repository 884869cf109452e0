"""Count executions of spec files as the spec files explorer does.

An execution of a spec file is an entry of a run's specs that a machine has claimed, or that was
still waiting when its run timed out. Rates are shares of all executions, from 0 to 1.
"""

from collections.abc import Collection, Iterable

import msgspec

from currents_async.testing._world.executions import spec_signature
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.run import WorldRun


class SpecFileCounters(msgspec.Struct):
    """The counters of one spec file."""

    spec: str
    project_id: str
    overall: int = 0
    reported: int = 0
    failed: int = 0
    flaky: int = 0
    timeouts: int = 0
    suite_size: int = 0
    """The tests of its newest execution."""
    durations: list[int] = msgspec.field(default_factory=list[int])

    def count(self, entry: Wire, *, timed_out: bool, failed_in_duration: bool) -> None:
        """Count an execution; the newest one comes first."""
        self.overall += 1
        results: Wire = entry.get("results") or {}
        if not results:
            self.timeouts += timed_out
            return
        stats: Wire = results["stats"]
        failed = stats["failures"] > 0
        if not self.reported:
            self.suite_size = stats["tests"]
        self.reported += 1
        self.failed += failed
        self.flaky += (results.get("flaky") or 0) > 0
        if failed_in_duration or not failed:
            self.durations.append(stats.get("wallClockDuration") or 0)

    def metrics(self) -> Wire:
        """Return the numbers under the names of the service."""
        return {
            "avgDuration": sum(self.durations) / len(self.durations) if self.durations else 0,
            "failedExecutions": self.failed,
            "failureRate": self.failed / self.overall,
            "flakeRate": self.flaky / self.overall,
            "flakyExecutions": self.flaky,
            "fullyReported": self.reported,
            "overallExecutions": self.overall,
            "suiteSize": self.suite_size,
            "timeoutExecutions": self.timeouts,
            "timeoutRate": self.timeouts / self.overall,
        }


def count_spec_files(
    runs: Iterable[WorldRun], groups: Collection[str], *, failed_in_duration: bool
) -> list[Wire]:
    """Count the executions of each spec file in some runs, given the newest first."""
    files: dict[str, SpecFileCounters] = {}
    for run in runs:
        timeout: Wire = run.payload.get("timeout") or {}
        entries: list[Wire] = run.payload.get("specs") or []
        timed_out = bool(timeout.get("isTimeout"))
        for entry in entries:
            executed = entry.get("claimedAt") or entry.get("results") or timed_out
            if executed and (not groups or entry.get("groupId") in groups):
                file = files.setdefault(
                    entry["spec"], SpecFileCounters(entry["spec"], run.project_id)
                )
                file.count(entry, timed_out=timed_out, failed_in_duration=failed_in_duration)
    return [
        {
            "signature": spec_signature(file.project_id, file.spec),
            "spec": file.spec,
            "metrics": file.metrics(),
        }
        for file in files.values()
    ]
