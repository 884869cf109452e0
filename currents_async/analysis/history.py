"""The history of a test over many runs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise, takewhile

import msgspec

from currents_async.arrow._tables import Tabular
from currents_async.models._model import Model
from currents_async.models.common import Counters, Outcome
from currents_async.models.test_results import TestResult

_VERDICTS = frozenset({Outcome.PASSED, Outcome.FAILED})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Streak(Model, frozen=True, gc=False, kw_only=True):
    """Results in a row that are all passed, or all failed."""

    status: Outcome
    count: int
    first: TestResult
    """The oldest result of the streak, with its time, run and commit.

    If it is the oldest of all results, the streak may have begun earlier.
    """

    def _label(self) -> str:
        return f"{self.count} {self.status}"


class Flip(Model, frozen=True, gc=False, kw_only=True):
    """A failure after a pass, or a pass after a failure."""

    before: TestResult
    after: TestResult

    def _label(self) -> str:
        return f"{self.before.status} to {self.after.status}"


class TestHistory(Tabular, frozen=True, gc=False, kw_only=True):
    """The results of a test, with streaks, flips and rates.

    Only passes and failures are verdicts. Skipped results, on purpose or not, count in no rate, and
    neither end a streak nor extend it. As a table of Arrow it has a row for each result.
    """

    __test__ = False  # pytest would collect a class with this name

    results: tuple[TestResult, ...] = ()
    """The newest first."""
    groups: tuple[str | None, ...] = ()
    """The groups of the results, that of the newest first."""
    counters: Counters = Counters()
    """The number of results of each status, and of all retries."""
    streak: Streak | None = None
    """The newest verdicts that agree; None without verdicts."""
    last_pass: TestResult | None = None
    """The newest result that passed, flaky or not."""
    flips: tuple[Flip, ...] = ()
    """The newest first."""

    @property
    def failing_since(self) -> TestResult | None:
        """The first failure of the streak; None if the newest verdict is a pass."""
        if self.streak is None or self.streak.status != Outcome.FAILED:
            return None
        return self.streak.first

    @property
    def failure_rate(self) -> float | None:
        """The share of verdicts that are failures, from 0 to 1; None without verdicts.

        The rate of the tests explorer includes other results: skipped ones as failures, pending
        ones as not failed.
        """
        return self._share(self.counters.failures)

    @property
    def flakiness_rate(self) -> float | None:
        """The share of verdicts that are flaky passes, from 0 to 1; None without verdicts."""
        return self._share(self.counters.flaky)

    def _label(self) -> str:
        now = "" if self.streak is None else f", {self.streak.count} {self.streak.status} in a row"
        failed, flaky = self.counters.failures, self.counters.flaky
        return f"{failed} failed and {flaky} flaky of {len(self.results)}{now}"

    def _rows(self) -> tuple[type[Model], Iterable[Model]]:
        return TestResult, self.results

    def _share(self, part: int) -> float | None:
        verdicts = self.counters.passes + self.counters.failures
        return part / verdicts if verdicts else None


def history_of(results: Iterable[TestResult], *, group_id: str | None = None) -> TestHistory:
    """Return the history of a test from its results, in any order; duplicates count once.

    Results of all groups make one history, because Cypress may name the group of each run
    differently. If a test runs in several groups at a time, such as browsers, pass one `group_id`:
    streaks and flips only make sense within one.
    """
    ours = [one for one in results if group_id is None or one.group_id == group_id]
    ordered = sorted(unique_results(ours), key=_age, reverse=True)
    verdicts = [result for result in ordered if result.status in _VERDICTS]
    return TestHistory(
        results=tuple(ordered),
        groups=tuple(dict.fromkeys(result.group_id for result in ordered)),
        counters=_count(ordered),
        streak=_streak(verdicts),
        last_pass=next((one for one in verdicts if one.status == Outcome.PASSED), None),
        flips=tuple(
            Flip(before=older, after=newer)
            for newer, older in pairwise(verdicts)
            if newer.status != older.status
        ),
    )


def unique_results(results: Iterable[TestResult]) -> Iterable[TestResult]:
    """Leave out results that differ in nothing but their cursors, as those of two lists do."""
    return {msgspec.structs.replace(one, cursor=None): one for one in results}.values()


def _age(result: TestResult) -> datetime:
    return result.created_at or _LONG_AGO


def _count(results: Sequence[TestResult]) -> Counters:
    statuses = Counter(result.status for result in results)
    return Counters(
        tests=len(results),
        passes=statuses[Outcome.PASSED],
        failures=statuses[Outcome.FAILED],
        pending=statuses[Outcome.PENDING],
        skipped=statuses[Outcome.SKIPPED],
        flaky=sum(result.flaky for result in results),
        retries=sum(max(0, len(result.attempts) - 1) for result in results),
    )


def _streak(verdicts: Sequence[TestResult]) -> Streak | None:
    agreeing = list(takewhile(lambda one: one.status == verdicts[0].status, verdicts))
    if not agreeing:
        return None
    status = Outcome.FAILED if agreeing[0].failed else Outcome.PASSED
    return Streak(status=status, count=len(agreeing), first=agreeing[-1])
