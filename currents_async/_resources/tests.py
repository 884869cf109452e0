"""Tests over a span of time: GET /tests/….

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from collections.abc import Sequence
from operator import attrgetter

from currents_async._pagination import PAGE_SIZE, PagePager
from currents_async._resources._group import Group
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.filters import Filters, Moment
from currents_async.models.common import SortDirection
from currents_async.models.pages import NumberedPage
from currents_async.models.tests import (
    AnnotationFilter,
    ExploredTest,
    MetricSettings,
    TestOrder,
    TestState,
)

GET_TESTS_EXPLORER = Endpoint(
    "getTestsExplorer", "GET", "/tests/{project_id}", NumberedPage[ExploredTest]
)


class Tests(Group):
    """Tests over a span of time."""

    __slots__ = ()

    def list(
        self,
        project_id: str | None = None,
        *,
        date_start: Moment,
        date_end: Moment,
        tags: Sequence[str] = (),
        branches: Sequence[str] = (),
        groups: Sequence[str] = (),
        authors: Sequence[str] = (),
        order: TestOrder | None = None,
        dir: SortDirection | None = None,  # noqa: A002 - the API's own name
        spec: str | None = None,
        title: str | None = None,
        min_executions: int | None = None,
        test_state: Sequence[TestState] = (),
        metric_settings: MetricSettings | None = None,
        annotations: Sequence[AnnotationFilter] = (),
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> PagePager[ExploredTest]:
        """List the tests of a project with their metrics.

        `project_id` defaults to the client's. Datetimes need a time zone. `min_executions` is at
        least 1. `metric_settings` says which outcomes count for which metric. `start` is a resume
        token.
        """
        query = (
            Filters()
            .span(date_start, date_end)
            .lists(tags=tags, branches=branches, groups=groups, authors=authors)
            .choice("order", order, TestOrder)
            .choice("dir", dir, SortDirection)
            .text("spec", spec)
            .text("title", title)
            .number("min_executions", min_executions)
            .choices("test_state", test_state, TestState, wire="test_state[]")
            .metric_settings(metric_settings)
            .annotations(annotations)
            .query
        )
        listing = self._listing(GET_TESTS_EXPLORER, query, project_id=self._project(project_id))
        return PagePager(
            listing,
            key=attrgetter("signature"),
            page_size=page_size,
            start=start,
            prefetch=prefetch,
        )
