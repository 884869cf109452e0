"""Fetch the evidence: the worst tests of the explorer, and the last results of each."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import msgspec

from currents_async._clock import Clock
from currents_async._fanout.pool import OnProgress, for_each
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import can_be_marked
from currents_async._resources.test_results import TestResults
from currents_async._resources.tests import Tests
from currents_async.models.tests import ExploredTest, ExploredTestMetrics, TestOrder


class ExaminedProject(NamedTuple):
    """What is known about the tests that matter."""

    tests: list[ExaminedTest]
    has_run: bool
    """Whether the explorer lists any test that ran in the window."""


class Rate(NamedTuple):
    """A share of executions, and the threshold from which on it is too high.

    It is computed here, because the denominator of the explorer's own rates is not documented.
    """

    order: TestOrder
    counted: Callable[[ExploredTestMetrics], int]
    reported: Callable[[ExploredTestMetrics], float | None]
    threshold: float

    def is_reached(self, metrics: ExploredTestMetrics) -> bool:
        """Return whether a test has reached the threshold."""
        executions = metrics.executions
        return executions > 0 and self.counted(metrics) / executions >= self.threshold

    def is_past(self, metrics: ExploredTestMetrics, min_executions: int) -> bool:
        """Return whether no test after this one, the worst first, has reached the threshold.

        That holds whether the explorer sorts by counts or by rates, which is not documented either.
        """
        max_rate = self.counted(metrics) / min_executions
        return max_rate < self.threshold and (self.reported(metrics) or 0) < self.threshold


def rates_of(policy: QuarantinePolicy) -> list[Rate]:
    rates: list[Rate] = []
    if policy.failure_rate is not None:
        counted, reported = attrgetter("failures"), attrgetter("failure_rate")
        rates.append(Rate("failures", counted, reported, policy.failure_rate))
    if policy.flakiness_rate is not None:
        counted, reported = attrgetter("flaky"), attrgetter("flakiness_rate")
        rates.append(Rate("flakiness", counted, reported, policy.flakiness_rate))
    return rates


class Examiner:
    """Fetches the evidence that a policy needs about a project, up to now."""

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

    async def examine(
        self, quarantined: Iterable[str], on_progress: OnProgress | None
    ) -> ExaminedProject:
        """Fetch the evidence about the worst tests, and those with these signatures."""
        rates = rates_of(self._policy)
        listed = await for_each(rates, self._worst, concurrency=len(rates))
        found = {signature: ExaminedTest(signature=signature) for signature in quarantined}
        for explored in chain(*listed):
            signature = explored.signature or ""
            if can_be_marked(signature) and any(
                rate.is_reached(explored.metrics) for rate in rates
            ):
                found[signature] = ExaminedTest(
                    signature=signature,
                    spec=explored.spec,
                    title=explored.title_path or (explored.title,),
                    metrics=explored.metrics,
                )
        tests = await for_each(
            found.values(),
            self._examine,
            concurrency=self._concurrency,
            on_progress=on_progress,
        )
        return ExaminedProject(tests, has_run=any(listed))

    async def _worst(self, rate: Rate) -> list[ExploredTest]:
        """List tests, the worst first, until all further ones are below the threshold."""
        listed: list[ExploredTest] = []
        async for test in self._explore(order=rate.order):
            listed.append(test)
            if rate.is_past(test.metrics, self._policy.min_executions):
                break
        return listed

    async def _examine(self, test: ExaminedTest) -> ExaminedTest:
        """Add the last results, and the spec and title that they have."""
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
