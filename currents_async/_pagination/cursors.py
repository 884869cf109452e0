"""Lists whose items carry cursors."""

from collections.abc import Callable
from operator import attrgetter

from currents_async._pagination.page_walk import Listing, Paging, T
from currents_async._pagination.pager import PAGE_SIZE, Pager
from currents_async._pagination.tokens import Position
from currents_async.errors import InvalidArgumentError, PaginationError
from currents_async.models.pages import CursorPage


class CursorPager(Pager[T, CursorPage[T]]):
    """A list whose items carry cursors; with `reverse` it goes from `start` to the newest item."""

    def __init__(
        self,
        listing: Listing[CursorPage[T]],
        *,
        cursor: Callable[[T], str | None] = attrgetter("cursor"),
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> None:
        if reverse and start is None:
            raise InvalidArgumentError("reverse=True needs start=: a cursor, or a resume token")
        direction = Backward[T] if reverse else Forward[T]
        paging = direction(listing, cursor, page_size)
        super().__init__(listing, paging, start=start, prefetch=prefetch)


class Forward(Paging[T, CursorPage[T]]):
    """From the newest item to the oldest."""

    _parameter = "starting_after"
    _last = -1

    def query(self, position: Position) -> tuple[tuple[str, str], ...]:
        limit = ("limit", str(self.page_size))
        return (limit,) if position.cursor is None else (limit, (self._parameter, position.cursor))

    def items(self, position: Position, page: CursorPage[T]) -> tuple[T, ...]:  # noqa: ARG002 - see base
        return page.items

    def next_position(self, position: Position, page: CursorPage[T]) -> Position | None:
        cursors = [self.key(item) for item in page.items]
        for unreadable in page.unreadable:
            cursors.insert(unreadable.position, unreadable.cursor)
        if not cursors:
            return None  # an empty page is the end, even if it says that there is more
        known = [cursor for cursor in cursors if cursor is not None]
        if not known:
            raise PaginationError(f"{self.operation}: there is more, but no item has a cursor")
        # Items after the last cursor come again, and are recognised.
        return Position(position.list_id, cursor=known[self._last])

    def position_after(self, item: T, page_position: Position, previous: Position) -> Position:
        cursor = self.key(item)
        return previous if cursor is None else Position(page_position.list_id, cursor=cursor)


class Backward(Forward[T]):
    """From a position to the newest item."""

    _parameter = "ending_before"
    _last = 0

    def items(self, position: Position, page: CursorPage[T]) -> tuple[T, ...]:  # noqa: ARG002 - see base
        # A page is in the order of the list, also one that ends before a cursor.
        return page.items[::-1]
