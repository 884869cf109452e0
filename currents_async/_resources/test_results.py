"""Results of one test: GET /test-results/….

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from collections.abc import Sequence

from currents_async._pagination import PAGE_SIZE, CursorPager
from currents_async._resources._group import Group, compound
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.filters import Filters, Moment
from currents_async.analysis import TestHistory, history_of
from currents_async.models.pages import CursorPage
from currents_async.models.test_results import TestResult
from currents_async.models.tests import AnnotationFilter, TestState

GET_TEST_RESULTS = Endpoint(
    "getTestResults", "GET", "/test-results/{signature}", CursorPage[TestResult], max_limit=100
)


class TestResults(Group):
    """Results of one test in all runs."""

    __slots__ = ()

    @compound
    async def history(
        self,
        signature: str,
        *,
        date_start: Moment,
        date_end: Moment,
        branches: Sequence[str] = (),
        group_id: str | None = None,
        max_results: int = 500,
    ) -> TestHistory:
        """Fetch the newest results of a test, and summarise them: streaks, flips, rates.

        Takes the arguments of `list`, and looks at no more than `max_results` results. `group_id`
        selects one of the groups, such as browsers, that the test ran in: see
        `analysis.history_of`.
        """
        results = self.list(
            signature, date_start=date_start, date_end=date_end, branches=branches
        ).limit(max_results)
        return history_of([result async for result in results], group_id=group_id)

    def list(
        self,
        signature: str,
        *,
        date_start: Moment,
        date_end: Moment,
        tags: Sequence[str] = (),
        branches: Sequence[str] = (),
        authors: Sequence[str] = (),
        groups: Sequence[str] = (),
        status: Sequence[TestState] = (),
        flaky: bool | None = None,
        annotations: Sequence[AnnotationFilter] = (),
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[TestResult]:
        """List the results of a test, the newest first.

        `signature` comes from `tests.list` or `signatures.get`. Datetimes need a time zone. `flaky`
        lists only the flaky results, or only the others. `page_size` is at most 100. `start` is a
        cursor or a resume token to continue after; with `reverse` the list goes from there towards
        the newest.
        """
        query = (
            Filters()
            .span(date_start, date_end)
            .lists(tags=tags, branches=branches, authors=authors, groups=groups)
            .choices("status", status, TestState, wire="status[]")
            .flag("flaky", flaky)
            .annotations(annotations)
            .query
        )
        listing = self._listing(GET_TEST_RESULTS, query, signature=signature)
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )
