"""Projects: GET /projects/….

Source: `docs/api/operations.md`, "Projects".
"""

from collections.abc import Sequence
from functools import partial
from typing import get_args

from currents_async._checks import (
    check_ascii,
    check_choice,
    check_text,
    check_trimmed,
    check_word,
)
from currents_async._pagination import PAGE_SIZE, CursorPager
from currents_async._resources._group import Group
from currents_async._wire.endpoint import NOT_SERVED, Endpoint
from currents_async._wire.filters import Filters, Moment, check_pr_id
from currents_async.models.common import SortDirection, TagOperator
from currents_async.models.pages import CursorPage
from currents_async.models.projects import (
    CreatedProject,
    InsightsResolutionName,
    Project,
    ProjectInsights,
    PullRequestCard,
    PullRequestOrder,
    Term,
    TermType,
)
from currents_async.models.runs import CompletionStateFilter, RunStatusFilter

LIST_PROJECTS = Endpoint("listProjects", "GET", "/projects", CursorPage[Project], max_limit=100)
GET_PROJECT = Endpoint("getProject", "GET", "/projects/{project_id}", Project)
GET_PROJECT_INSIGHTS = Endpoint(
    "getProjectInsights", "GET", "/projects/{project_id}/insights", ProjectInsights
)
LIST_PROJECT_PULL_REQUESTS = Endpoint(
    "listProjectPullRequests",
    "GET",
    "/projects/{project_id}/pull-requests",
    CursorPage[PullRequestCard],
    max_limit=50,
)
CREATE_PROJECT = Endpoint("createProject", "POST", "/projects", CreatedProject, hints=(NOT_SERVED,))
LIST_PROJECT_TERMS = Endpoint(
    "listProjectTerms",
    "GET",
    "/projects/{project_id}/terms/{term_type}",
    CursorPage[Term],
    max_limit=100,
)


class Projects(Group):
    """Projects of the organisation that the API key belongs to."""

    __slots__ = ()

    async def create(self, name: str, *, retry_ambiguous: bool = False) -> CreatedProject:
        """Create a project; its record key is a secret.

        A preview: raises `NotFoundError` where the service does not have this operation. Raises
        `AmbiguousError` when it is unknown whether the project was created; with
        `retry_ambiguous=True` the request is sent again instead, which may create two.
        """
        request = CREATE_PROJECT.request(body={"name": check_text("name", name)})
        return await self._write(request, retry_ambiguous=retry_ambiguous)

    async def get(self, project_id: str | None = None) -> Project:
        """Fetch a project, by default the client's."""
        path = {"project_id": self._project(project_id)}
        return await self._transport.call(GET_PROJECT.request(path))

    async def insights(
        self,
        project_id: str | None = None,
        *,
        date_start: Moment,
        date_end: Moment,
        resolution: InsightsResolutionName | None = None,
        tags: Sequence[str] = (),
        branches: Sequence[str] = (),
        groups: Sequence[str] = (),
        authors: Sequence[str] = (),
        environments: Sequence[str] = (),
    ) -> ProjectInsights:
        """Fetch how the runs and the tests of a project went over time.

        `project_id` defaults to the client's. Datetimes need a time zone. `resolution` is the
        length of the timeline's spans: an hour, a day (the default) or a week.
        """
        path = {"project_id": self._project(project_id)}
        filters = (
            Filters()
            .span(date_start, date_end)
            .choice("resolution", resolution, InsightsResolutionName)
            .lists(tags=tags, branches=branches, groups=groups, authors=authors)
            .lists(environments=environments)
        )
        return await self._transport.call(GET_PROJECT_INSIGHTS.request(path, query=filters.query))

    def pull_requests(
        self,
        project_id: str | None = None,
        *,
        runs_per_pr: int | None = None,
        tags: Sequence[str] = (),
        branches: Sequence[str] = (),
        authors: Sequence[str] = (),
        tag_operator: TagOperator | None = None,
        environments: Sequence[str] = (),
        pr_id: str | None = None,
        search: str | None = None,
        date_start: Moment | None = None,
        date_end: Moment | None = None,
        status: Sequence[RunStatusFilter] = (),
        completion_state: Sequence[CompletionStateFilter] = (),
        pr_search: str | None = None,
        order: PullRequestOrder | None = None,
        dir: SortDirection | None = None,  # noqa: A002 - the API's own name
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[PullRequestCard]:
        """List the pull requests of a project, each with its latest runs.

        `project_id` defaults to the client's. `runs_per_pr`, 0 to 10, is how many runs the timeline
        of a card has, by default 1.

        `tags` to `date_end` choose the runs that count: `authors` may be globs; `environments` and
        `pr_id`, which is `run.meta.pr.id` of 1 to 128 characters, are printable ASCII without
        spaces; `search`, 1 to 200 printable ASCII characters, ignores case and looks at CI build
        IDs and messages of commits; datetimes need a time zone. Of each pull request, the latest of
        these runs is compared with `status`, `completion_state` and `pr_search`: a part of the
        title or the source branch, or a number as `482` or `#482`, of 1 to 200 characters.

        The pull request with the latest run comes first. `order` and `dir` change that, by the runs
        that count; a cursor is good for the order that it was made with. `page_size` is at most 50.
        `start` is a cursor or a resume token to continue after; with `reverse` the list goes back
        from there. Source: `docs/api/operations.md`, "Pull requests".
        """
        query = (
            Filters()
            .number("runs_per_pr", runs_per_pr, min_value=0, max_value=10)
            .lists(tags=tags, branches=branches, authors=authors)
            .choice("tag_operator", tag_operator, TagOperator)
            .lists(check_word, environments=environments)
            .text("pr_id", pr_id, check_pr_id)
            .text("search", search, _check_search)
            .open_span(date_start, date_end)
            .choices("status", status, RunStatusFilter)
            .choices("completion_state", completion_state, CompletionStateFilter)
            .text("pr_search", pr_search, partial(check_trimmed, max_length=200))
            .choice("order", order, PullRequestOrder)
            .choice("dir", dir, SortDirection)
            .query
        )
        project = self._project(project_id)
        listing = self._listing(LIST_PROJECT_PULL_REQUESTS, query, project_id=project)
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )

    def terms(
        self,
        term_type: TermType,
        project_id: str | None = None,
        *,
        dir: SortDirection | None = None,  # noqa: A002 - the API's own name
        search: str | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[Term]:
        """List the tags, the branches, the authors or other terms of a project.

        `project_id` defaults to the client's. `search` has at most 128 characters. The term that
        was updated last comes first, unless `dir` is `asc`. `page_size` is at most 100. `start` is
        a cursor or a resume token to continue after; with `reverse` the list goes back from there.
        """
        listing = self._listing(
            LIST_PROJECT_TERMS,
            Filters().choice("dir", dir, SortDirection).search(search, max_length=128).query,
            project_id=self._project(project_id),
            term_type=check_choice("term_type", term_type, get_args(TermType)),
        )
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )

    def list(
        self,
        *,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[Project]:
        """List the projects, the newest first.

        `page_size` is at most 100. `start` is a cursor or a resume token to continue after; with
        `reverse` the list goes from there towards the newest.
        """
        listing = self._listing(LIST_PROJECTS)
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )


def _check_search(name: str, value: str) -> str:
    return check_ascii(name, check_trimmed(name, value, max_length=200))
