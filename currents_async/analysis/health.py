"""The health of a test, followed run after run.

The states and what moves a test between them are much as elsewhere: Trunk's monitors call a test
flaky once it passed on a retry, and broken where it keeps failing, Buildkite's recover by
hysteresis, Mergify moves a test result by result and never by time alone.

Source: https://docs.trunk.io/flaky-tests/detection,
https://buildkite.com/docs/test-engine/workflows/monitors and
https://docs.mergify.com/test-engine/health.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from currents_async._text import one_line
from currents_async.analysis.changes import (
    ChangeEvidence,
    ChangeRules,
    TestChange,
    TestChangeKind,
    TestHealth,
)
from currents_async.analysis.executed import first_line
from currents_async.models.common import Outcome
from currents_async.models.test_results import TestResult

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Following(NamedTuple):
    """What became of a test since a point in time."""

    changes: tuple[TestChange, ...]
    """Oldest first."""
    health: TestHealth | None


def changes_of(
    results: Iterable[TestResult], *, rules: ChangeRules | None = None
) -> tuple[TestChange, ...]:
    """Return the changes of the health of one test from its results, in any order; oldest first.

    Runs count one by one, in the order of their results. In a run, a test *failed* if any of its
    results did, since it may have one in each group or browser; else it is *flaky* if any passed
    after a failed attempt, or it *passed*. Skipped and pending results, such as failures in
    quarantine, and results without a date count nothing, and time alone changes nothing.

    - It **broke** once it failed in `broken_after` runs in a row, after it had passed: a test of
      which no pass is known is broken, but never broke.
    - It **became flaky** once there is `flaky_after` times evidence of flakiness: a flaky run, or
      the first on a commit to pass where others failed, or the other way round. A broken test
      becomes flaky only by a run that passed.
    - It **recovered**, from either, once it passed in `recovered_after` runs in a row, none of them
      evidence of flakiness.
    """
    return follow(results, rules or ChangeRules()).changes


def follow(
    results: Iterable[TestResult],
    rules: ChangeRules,
    *,
    since: datetime = _LONG_AGO,
    known: TestHealth | None = None,
    late_after: datetime | None = None,
) -> Following:
    """Return the changes after a point in time, and the health that a test has in the end.

    `known` is the health at that time, for where the results before it do not show it. If they show
    another, and the last change before was after `late_after`, its results have arrived late: it is
    among the changes, since nobody has been told.
    """
    runs = _runs_of(results)
    machine = _Machine(rules)
    early = [run for run in runs if run.at <= since]
    told = [change for run in early if (change := machine.see(run))]
    late = [
        change
        for change in told[-1:]
        if late_after is not None and change.at > late_after and machine.health != known
    ]
    machine.assume(known)
    new = [change for run in runs[len(early) :] if (change := machine.see(run))]
    return Following((*late, *new), machine.health)


class _Run(NamedTuple):
    """A run in which the test passed or failed."""

    at: datetime
    evidence: ChangeEvidence
    result: TestResult

    @property
    def failed(self) -> bool:
        return self.evidence.status == Outcome.FAILED

    @property
    def flaky(self) -> bool:
        return self.evidence.flaky


class _Machine:
    """Follows a test run by run."""

    def __init__(self, rules: ChangeRules) -> None:
        self.health: TestHealth | None = None
        self._rules = rules
        self._failed_in_a_row = 0
        self._clean_in_a_row = 0
        self._flaky_times = 0
        self._has_passed = False
        self._on_commit: dict[tuple[str, bool], ChangeEvidence] = {}
        self._seen: deque[_Run] = deque(maxlen=max(rules.broken_after, rules.recovered_after) + 1)

    def assume(self, known: TestHealth | None) -> None:
        """Take the health that a test is known to have, unless its runs have shown it."""
        if self.health is None:
            self.health = known
            self._has_passed |= known == "flaky"

    def see(self, run: _Run) -> TestChange | None:
        """Take a run; return the change that it is, if any."""
        self._seen.appendleft(run)
        opposite = self._contradicted(run)
        is_evidence = run.flaky or opposite is not None
        self._flaky_times += is_evidence
        self._failed_in_a_row = self._failed_in_a_row + 1 if run.failed else 0
        is_clean = not run.failed and not is_evidence
        self._clean_in_a_row = self._clean_in_a_row + 1 if is_clean else 0
        was, self.health = self.health, self._judge(run, is_evidence=is_evidence)
        could_break, self._has_passed = self._has_passed, self._has_passed or not run.failed
        match self.health:
            case "broken" if was != "broken" and could_break:
                return self._change("broke", was, self._rules.broken_after)
            case "flaky" if was != "flaky":
                return self._change("became_flaky", was, 1, opposite)
            case "healthy" if was in {"flaky", "broken"}:
                return self._change("recovered", was, self._rules.recovered_after)
            case _:
                pass
        return None

    def _contradicted(self, run: _Run) -> ChangeEvidence | None:
        """Return the opposite result on the same commit, if this is the first one to differ."""
        sha = run.evidence.sha
        if not sha:
            return None
        is_first = (sha, run.failed) not in self._on_commit
        self._on_commit[sha, run.failed] = run.evidence
        return self._on_commit.get((sha, not run.failed)) if is_first else None

    def _judge(self, run: _Run, *, is_evidence: bool) -> TestHealth | None:
        if self._failed_in_a_row >= self._rules.broken_after:
            return "broken"
        if is_evidence and self._flaky_times >= self._rules.flaky_after:
            return self.health if self.health == "broken" and run.failed else "flaky"
        if self._clean_in_a_row >= self._rules.recovered_after:
            self._flaky_times = 0
            return "healthy"
        return self.health

    def _change(
        self,
        kind: TestChangeKind,
        was: TestHealth | None,
        count: int,
        before: ChangeEvidence | None = None,
    ) -> TestChange:
        seen = [run.evidence for run in self._seen]
        newest, result = seen[0], self._seen[0].result
        if before is None and len(seen) > count:
            before = seen[count]
        return TestChange(
            kind=kind,
            signature=result.signature or "",
            spec=result.spec,
            title=result.title,
            at=newest.created_at,
            was=was,
            error=next((one.error for one in seen if one.error), ""),
            url=newest.url,
            before=before,
            after=tuple(seen[:count]),
        )


def _runs_of(results: Iterable[TestResult]) -> Sequence[_Run]:
    """Join the results of each run, and sort the runs, the oldest first."""
    by_run: dict[object, list[TestResult]] = {}
    for result in results:
        if result.created_at and result.status in {Outcome.PASSED, Outcome.FAILED}:
            by_run.setdefault(result.run_id or result, []).append(result)
    return sorted(
        map(_run_of, by_run.values()), key=lambda run: (run.at, run.evidence.run_id or "")
    )


def _run_of(results: Sequence[TestResult]) -> _Run:
    worst = max(results, key=lambda one: (one.failed, one.flaky, one.instance_id or ""))
    at = max(one.created_at for one in results if one.created_at)
    commit = worst.commit
    evidence = ChangeEvidence(
        run_id=worst.run_id,
        instance_id=worst.instance_id,
        test_id=worst.test_id,
        created_at=at,
        status=worst.status or Outcome.FAILED,
        flaky=worst.flaky and not worst.failed,
        branch=None if commit is None else commit.branch,
        sha=None if commit is None else commit.sha,
        error=one_line(first_line(worst.attempts, worst.display_error)),
    )
    return _Run(at, evidence, worst)
