"""The evidence, fetched: the worst tests by the explorer, and the last results of each."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import msgspec

from currents_async._clock import Clock
from currents_async._quarantine.each import for_each
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import can_be_marked
from currents_async._resources.test_results import TestResults
from currents_async._resources.tests import Tests
from currents_async.models.tests import ExploredTest, ExploredTestMetrics, TestOrder


class Examination(NamedTuple):
    """What is known of the tests that matter."""

    tests: list[ExaminedTest]
    project_ran: bool
    """Whether the explorer knows of any test that ran in the window."""


class Rate(NamedTuple):
    """A share of executions, and from where on it is too much.

    It is counted here: what the explorer's own rates are shares of is not documented.
    """

    order: TestOrder
    counted: Callable[[ExploredTestMetrics], int]
    told: Callable[[ExploredTestMetrics], float | None]
    most: float

    def is_reached(self, metrics: ExploredTestMetrics) -> bool:
        """Say whether a test has too much of it."""
        return metrics.executions > 0 and self.counted(metrics) / metrics.executions >= self.most

    def is_past(self, metrics: ExploredTestMetrics, min_executions: int) -> bool:
        """Say whether no test behind this one, the worst first, has too much of it.

        That holds whether the explorer sorts by counts or by rates, which is not documented either.
        """
        fewest = self.counted(metrics) / min_executions
        return fewest < self.most and (self.told(metrics) or 0) < self.most


def rates_of(policy: QuarantinePolicy) -> list[Rate]:
    """Return the rates that a policy looks at."""
    rates: list[Rate] = []
    if policy.failure_rate is not None:
        counted, told = attrgetter("failures"), attrgetter("failure_rate")
        rates.append(Rate("failures", counted, told, policy.failure_rate))
    if policy.flakiness_rate is not None:
        counted, told = attrgetter("flaky"), attrgetter("flakiness_rate")
        rates.append(Rate("flakiness", counted, told, policy.flakiness_rate))
    return rates


class Examiner:
    """Looks at a project as far as a policy wants it, up to now."""

    def __init__(
        self,
        tests: Tests,
        test_results: TestResults,
        *,
        project_id: str,
        policy: QuarantinePolicy,
        clock: Clock,
        concurrency: int,
    ) -> None:
        now = datetime.fromtimestamp(clock.wall(), UTC)
        self._policy = policy
        self._explore = partial(
            tests.list,
            project_id,
            date_start=now - policy.window,
            date_end=now,
            branches=policy.branches,
            min_executions=policy.min_executions,
            dir="desc",
        )
        self._results_of = partial(
            test_results.list,
            date_start=now - policy.window,
            date_end=now,
            branches=policy.branches,
        )
        self._concurrency = concurrency

    async def examine(self, quarantined: Iterable[str]) -> Examination:
        """Fetch the evidence about the worst tests, and those with these signatures."""
        rates = rates_of(self._policy)
        listed = await for_each(rates, self._worst, concurrency=len(rates))
        found = {signature: ExaminedTest(signature=signature) for signature in quarantined}
        for explored in chain(*listed):
            signature = explored.signature or ""
            if can_be_marked(signature) and any(
                rate.is_reached(explored.metrics) for rate in rates
            ):
                found[signature] = _suspect(signature, explored)
        tests = await for_each(found.values(), self._examine, concurrency=self._concurrency)
        return Examination(tests, project_ran=any(listed))

    async def _worst(self, rate: Rate) -> list[ExploredTest]:
        """List tests, the worst first, down to the first behind which all are good enough."""
        listed: list[ExploredTest] = []
        async for test in self._explore(order=rate.order):
            listed.append(test)
            if rate.is_past(test.metrics, self._policy.min_executions):
                break
        return listed

    async def _examine(self, test: ExaminedTest) -> ExaminedTest:
        """Add the last results, and what they tell of the test."""
        newest = self._results_of(test.signature).limit(self._policy.last_results)
        results = [result async for result in newest]
        if not results:
            return test
        return msgspec.structs.replace(
            test,
            spec=results[0].spec or test.spec,
            title=results[0].title or test.title,
            results=tuple(map(ExaminedResult.of, results)),
        )


def _suspect(signature: str, test: ExploredTest) -> ExaminedTest:
    return ExaminedTest(
        signature=signature,
        spec=test.spec,
        title=test.title_path or (test.title,),
        metrics=test.metrics,
    )
