"""Tests over a span of time: GET /tests/….

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter

from currents_async._checks import check_span, check_texts, check_type
from currents_async._fanout.pool import OnProgress
from currents_async._pagination import PAGE_SIZE, CursorPager, PagePager
from currents_async._resources._group import Group, compound
from currents_async._resources._test_changes import (
    Changes,
    Memory,
    identify_question,
    read_memory,
)
from currents_async._transport import Transport
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.filters import Filters, Moment, encode_time
from currents_async.analysis.changes import ChangeRules, TestChanges
from currents_async.models.common import SortDirection
from currents_async.models.pages import NumberedPage
from currents_async.models.test_results import TestResult
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

    __slots__ = ("_list_results",)

    def __init__(
        self,
        transport: Transport,
        project_id: str | None,
        list_results: Callable[..., CursorPager[TestResult]],
    ) -> None:
        super().__init__(transport, project_id)
        self._list_results = list_results

    @compound
    async def changes(
        self,
        project_id: str | None = None,
        *,
        since: Moment | str,
        branches: Sequence[str] = (),
        rules: ChangeRules | None = None,
        lookback: timedelta = timedelta(days=14),
        on_progress: OnProgress | None = None,
    ) -> TestChanges:
        """Find the tests that became flaky, broke or recovered: see `analysis.changes_of`.

        ```python
        found = await currents.tests.changes(since=saved or yesterday, branches=["main"])
        for change in found.changes:
            print(change.kind, change.full_title, change.error, change.url)
        saved = found.resume_token
        ```

        `since` is a datetime with a time zone, a day, which means its beginning in UTC, or the
        resume token of the last call with the same project, branches and rules. By the token each
        change is told once, although results may arrive up to a day late, and what could not be
        fetched is told next time; by a time, changes are missed whose results arrive late.

        Name the branches: results of all of them make one history. What `lookback` lies before
        `since` counts as evidence, and a test that has not run within it is forgotten. Reads the
        tests explorer, worst first, and the last 500 results of each test that failed or was flaky
        and has run since; at most `Limits.concurrency` requests are in flight. `on_progress` is
        called with a `Progress` after the results of each test. `project_id` defaults to the
        client's.
        """
        rules = ChangeRules() if rules is None else check_type("rules", rules, ChangeRules)
        project_id = self._project(project_id)
        branches = check_texts("branches", branches)
        question = identify_question(project_id, branches, rules)
        until = datetime.fromtimestamp(self._transport.channel.clock.wall(), UTC)
        if isinstance(since, str):
            memory = read_memory(since, question)
        else:
            memory = Memory(question, datetime.fromisoformat(encode_time("since", since)))
        finder = Changes(
            partial(self.list, project_id),
            self._list_results,
            memory,
            is_remembered=isinstance(since, str),
            until=until,
            branches=branches,
            rules=rules,
            lookback=check_span("lookback", lookback),
        )
        return await finder.find(self._concurrency(None), on_progress)

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
