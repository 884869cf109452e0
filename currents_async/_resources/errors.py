"""Errors over a span of time: GET /errors/….

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from collections.abc import Sequence

import msgspec

from currents_async._pagination import PAGE_SIZE, NumberedPager
from currents_async._resources._group import Group
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.filters import Filters, Moment
from currents_async.models.common import SortDirection, TagOperator
from currents_async.models.errors import (
    ErrorDimension,
    ErrorMetric,
    ErrorOrder,
    ErrorsPage,
    ExploredError,
)

GET_ERRORS_EXPLORER = Endpoint(
    "getErrorsExplorer", "GET", "/errors/{project_id}", ErrorsPage, max_limit=100
)


class ErrorsPager(NumberedPager[ExploredError, ErrorsPage]):
    """A list of errors in numbered pages, which also have a timeline; `start` is a resume token.

    An error that moves to the next page while the list is being read is handed out once.
    """


class Errors(Group):
    """Errors over a span of time."""

    __slots__ = ()

    def list(
        self,
        project_id: str | None = None,
        *,
        date_start: Moment,
        date_end: Moment,
        tags: Sequence[str] = (),
        tags_logical_operator: TagOperator | None = None,
        branches: Sequence[str] = (),
        groups: Sequence[str] = (),
        authors: Sequence[str] = (),
        error_target: str | None = None,
        error_message: str | None = None,
        error_category: str | None = None,
        error_action: str | None = None,
        order_by: ErrorOrder | None = None,
        dir: SortDirection | None = None,  # noqa: A002 - the API's own name
        group_by: Sequence[ErrorDimension] = (),
        metric: ErrorMetric | None = None,
        top_n: int | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> ErrorsPager:
        """List the errors of a project, and how often each happened; pages also have a timeline.

        `project_id` defaults to the client's. Datetimes need a time zone. The order of `group_by`
        matters. The timeline has the 1 to 50 (`top_n`) most important errors of each span, by
        `metric`. `page_size` is at most 100. `start` is a resume token.
        """
        query = (
            Filters()
            .span(date_start, date_end)
            .lists(tags=tags)
            .choice("tags_logical_operator", tags_logical_operator, TagOperator)
            .lists(branches=branches, groups=groups, authors=authors)
            .text("error_target", error_target)
            .text("error_message", error_message)
            .text("error_category", error_category)
            .text("error_action", error_action)
            .choice("order_by", order_by, ErrorOrder)
            .choice("dir", dir, SortDirection)
            .choices("group_by", group_by, ErrorDimension, wire="group_by[]")
            .choice("metric", metric, ErrorMetric)
            .number("top_n", top_n, max_value=50)
            .query
        )
        listing = self._listing(GET_ERRORS_EXPLORER, query, project_id=self._project(project_id))
        return ErrorsPager(
            listing, key=_dimensions, page_size=page_size, start=start, prefetch=prefetch
        )


def _dimensions(error: ExploredError) -> str:
    """Return what errors can be grouped by, which identifies an error."""
    return msgspec.json.encode([
        error.error_target,
        error.error_action,
        error.error_category,
        error.message,
    ]).decode()
