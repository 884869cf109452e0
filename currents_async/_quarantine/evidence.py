"""What is known about a test: the explorer's counts, and its last results."""

from datetime import datetime
from itertools import takewhile

from currents_async.models._brief import Brief
from currents_async.models.common import Outcome
from currents_async.models.test_results import TestResult
from currents_async.models.tests import ExploredTestMetrics


class ExaminedResult(Brief, frozen=True, gc=False, kw_only=True):
    """The fields of one test result that are evidence."""

    run_id: str | None = None
    test_id: str = ""
    """The test's ID in Playwright, which differs between Playwright projects."""
    status: Outcome | None = None
    flaky: bool = False
    """Whether it passed after a failed attempt."""
    created_at: datetime | None = None
    branch: str | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, result: TestResult) -> "ExaminedResult":
        """Take what is evidence from a result, without its errors."""
        return cls(
            run_id=result.run_id,
            test_id=result.test_id,
            status=result.status,
            flaky=result.flaky and result.status == Outcome.PASSED,
            created_at=result.created_at,
            branch=None if result.commit is None else result.commit.branch,
            tags=result.tags,
        )

    @property
    def failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.status == Outcome.FAILED

    @property
    def is_clean(self) -> bool:
        """Whether the first attempt passed."""
        return self.status == Outcome.PASSED and not self.flaky


class ExaminedTest(Brief, frozen=True, kw_only=True):
    """A test, and the evidence about it."""

    signature: str
    spec: str = ""
    """The path of the spec file; empty if neither the explorer nor the results have the test."""
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own."""
    metrics: ExploredTestMetrics | None = None
    """The explorer's counts in the window; None if the test is not among the worst."""
    results: tuple[ExaminedResult, ...] = ()
    """The last results in the window, the newest first."""

    @property
    def failed(self) -> int:
        """How many of the results failed."""
        return sum(result.failed for result in self.results)

    @property
    def flaky(self) -> int:
        """How many of the results are flaky."""
        return sum(result.flaky for result in self.results)

    @property
    def judged(self) -> int:
        """How many of the results passed or failed; the others are no evidence."""
        return sum(result.status in {Outcome.PASSED, Outcome.FAILED} for result in self.results)

    @property
    def failed_in_a_row(self) -> int:
        """How many of the newest results that passed or failed have failed."""
        judged = (one for one in self.results if one.status in {Outcome.PASSED, Outcome.FAILED})
        return sum(1 for _ in takewhile(lambda result: result.failed, judged))

    @property
    def clean_in_a_row(self) -> int:
        """How many of the newest results are clean passes."""
        return sum(1 for _ in takewhile(lambda result: result.is_clean, self.results))

    @property
    def test_ids(self) -> frozenset[str]:
        """The test's IDs in all Playwright projects that the results come from."""
        return frozenset(result.test_id for result in self.results if result.test_id)
