"""Projects: GET /projects/….

Source: `docs/api/operations.md`, "Projects".
"""

from collections.abc import Sequence
from typing import get_args

from currents_async._checks import check_choice, check_text
from currents_async._pagination import PAGE_SIZE, CursorPager
from currents_async._resources._group import Group
from currents_async._wire.endpoint import NOT_SERVED, Endpoint
from currents_async._wire.filters import Filters, Moment
from currents_async.models.common import SortDirection, TagOperator
from currents_async.models.pages import CursorPage
from currents_async.models.projects import (
    CreatedProject,
    InsightsResolutionName,
    Project,
    ProjectInsights,
    PullRequestCard,
    Term,
    TermType,
)
from currents_async.models.runs import RunStatusFilter

LIST_PROJECTS = Endpoint("listProjects", "GET", "/projects", CursorPage[Project])
GET_PROJECT = Endpoint("getProject", "GET", "/projects/{project_id}", Project)
GET_PROJECT_INSIGHTS = Endpoint(
    "getProjectInsights", "GET", "/projects/{project_id}/insights", ProjectInsights
)
LIST_PROJECT_PULL_REQUESTS = Endpoint(
    "listProjectPullRequests",
    "GET",
    "/projects/{project_id}/pull-requests",
    CursorPage[PullRequestCard],
)
CREATE_PROJECT = Endpoint("createProject", "POST", "/projects", CreatedProject, hints=(NOT_SERVED,))
LIST_PROJECT_TERMS = Endpoint(
    "listProjectTerms", "GET", "/projects/{project_id}/terms/{term_type}", CursorPage[Term]
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
        options = self._transport.options(repeat_writes=retry_ambiguous)
        return await self._transport.call(request, options)

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
    ) -> ProjectInsights:
        """Fetch how the runs and the tests of a project went over time.

        `project_id` defaults to the client's. Datetimes need a time zone. `resolution` is the
        length of the timeline's spans: an hour, a day or a week.
        """
        path = {"project_id": self._project(project_id)}
        filters = (
            Filters()
            .span(date_start, date_end)
            .choice("resolution", resolution, InsightsResolutionName)
            .lists(tags=tags, branches=branches, groups=groups, authors=authors)
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
        status: Sequence[RunStatusFilter] = (),
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[PullRequestCard]:
        """List the pull requests of a project, each with 1 to 10 of its recent runs.

        `project_id` defaults to the client's; `authors` may be globs. The API takes a `page_size`
        of at most 50. `start` is a cursor or a resume token to continue after; with `reverse` the
        list goes from there towards the newest.
        """
        query = (
            Filters()
            .number("runs_per_pr", runs_per_pr, max_value=10)
            .lists(tags=tags, branches=branches, authors=authors)
            .choice("tag_operator", tag_operator, TagOperator)
            .choices("status", status, RunStatusFilter)
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

        `project_id` defaults to the client's. The API takes a `page_size` of at most 100. `start`
        is a cursor or a resume token to continue after; with `reverse` the list goes back from
        there.
        """
        listing = self._listing(
            LIST_PROJECT_TERMS,
            Filters().choice("dir", dir, SortDirection).text("search", search).query,
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

        `start` is a cursor or a resume token to continue after; with `reverse` the list goes from
        there towards the newest.
        """
        listing = self._listing(LIST_PROJECTS)
        return CursorPager(
            listing, page_size=page_size, start=start, reverse=reverse, prefetch=prefetch
        )
