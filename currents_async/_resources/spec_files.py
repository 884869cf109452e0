"""Spec files over a span of time: GET /spec-files/….

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
from currents_async.models.spec_files import SpecFile, SpecFileOrder

GET_SPEC_FILES = Endpoint(
    "getSpecFiles", "GET", "/spec-files/{project_id}", NumberedPage[SpecFile], max_limit=50
)


class SpecFiles(Group):
    """Spec files over a span of time."""

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
        order: SpecFileOrder | None = None,
        dir: SortDirection | None = None,  # noqa: A002 - the API's own name
        spec_name_filter: str | None = None,
        include_failed_in_duration: bool | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> PagePager[SpecFile]:
        """List the spec files of a project with their metrics.

        `project_id` defaults to the client's. Datetimes need a time zone. `spec_name_filter` is a
        part of the path. `page_size` is at most 50. `start` is a resume token.
        """
        query = (
            Filters()
            .span(date_start, date_end)
            .lists(tags=tags, branches=branches, groups=groups, authors=authors)
            .choice("order", order, SpecFileOrder)
            .choice("dir", dir, SortDirection)
            .text("spec_name_filter", spec_name_filter, wire="specNameFilter")
            .flag(
                "include_failed_in_duration",
                include_failed_in_duration,
                wire="includeFailedInDuration",
            )
            .query
        )
        listing = self._listing(GET_SPEC_FILES, query, project_id=self._project(project_id))
        return PagePager(
            listing,
            key=attrgetter("signature"),
            page_size=page_size,
            start=start,
            prefetch=prefetch,
        )
