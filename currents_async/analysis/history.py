"""How a test fared over many runs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise, takewhile

import msgspec

from currents_async.models._model import Model
from currents_async.models.common import Counters, Outcome
from currents_async.models.test_results import TestResult

__all__ = ["Flip", "Streak", "TestHistory", "history_of"]

_VERDICTS = frozenset({Outcome.PASSED, Outcome.FAILED})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Streak(Model, frozen=True, gc=False, kw_only=True):
    """Results in a row that are all passed, or all failed."""

    status: Outcome
    count: int
    first: TestResult
    """The oldest: tells since when, by `created_at`, and by which run and commit.

    Where it is the oldest of all results, the streak may have begun before.
    """


class Flip(Model, frozen=True, gc=False, kw_only=True):
    """A failure after a pass, or a pass after a failure."""

    before: TestResult
    after: TestResult


class TestHistory(Model, frozen=True, gc=False, kw_only=True):
    """The results of a test, and what they come to.

    Only passes and failures are verdicts. What was skipped, on purpose or not, counts in none of
    the rates, and neither ends a streak nor makes it longer.
    """

    __test__ = False  # pytest takes what is called Test… for tests

    results: tuple[TestResult, ...] = ()
    """The newest first."""
    groups: tuple[str | None, ...] = ()
    """The groups that they are from, that of the newest first."""
    counters: Counters = Counters()
    """How many there are of each status; of `retries`, all together."""
    streak: Streak | None = None
    """The newest verdicts, as far as they agree; None without any."""
    last_pass: TestResult | None = None
    """The newest result that passed, be it flaky."""
    flips: tuple[Flip, ...] = ()
    """The newest first."""

    @property
    def failing_since(self) -> TestResult | None:
        """The first failure of the streak; None when the test does not fail now."""
        if self.streak is None or self.streak.status != Outcome.FAILED:
            return None
        return self.streak.first

    @property
    def failure_rate(self) -> float | None:
        """The share of verdicts that are failures, from 0 to 1; None without any.

        The tests explorer's counts other results in: skipped ones as failures, pending ones as not.
        """
        return self._share(self.counters.failures)

    @property
    def flakiness_rate(self) -> float | None:
        """The share of verdicts that are flaky passes, from 0 to 1; None without any."""
        return self._share(self.counters.flaky)

    def _share(self, part: int) -> float | None:
        verdicts = self.counters.passes + self.counters.failures
        return part / verdicts if verdicts else None


def history_of(results: Iterable[TestResult], *, group_id: str | None = None) -> TestHistory:
    """Tell how a test fared, by its results in any order; a result that comes twice counts once.

    Results of several groups make one history, as Cypress may call the group of each run by
    another name. Where a test runs in several groups at a time, in browsers for example, streaks
    and flips say something of one alone: say which as `group_id`.
    """
    ours = [one for one in results if group_id is None or one.group_id == group_id]
    ordered = sorted(_unique(ours), key=_age, reverse=True)
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


def _unique(results: Iterable[TestResult]) -> Iterable[TestResult]:
    # Where it was in which list does not matter.
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
