"""Lists whose items carry cursors."""

from collections.abc import Callable

from currents_async._pagination.pager import PAGE_SIZE, Pager
from currents_async._pagination.tokens import Place
from currents_async._pagination.turning import T, Turning
from currents_async._pagination.walk import Listing
from currents_async.errors import InvalidArgumentError, PaginationError
from currents_async.models.pages import CursorPage


class CursorPager(Pager[T, CursorPage[T]]):
    """A list whose items carry cursors. With `reverse` it goes back, from `start` to the newest."""

    def __init__(
        self,
        listing: Listing[CursorPage[T]],
        *,
        cursor: Callable[[T], str | None],
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> None:
        if reverse and start is None:
            raise InvalidArgumentError("reverse=True needs start=: a cursor, or a resume token")
        way = _Back[T] if reverse else _Forth[T]
        turning = way(listing.operation, cursor, page_size)
        super().__init__(listing, turning, start=start, prefetch=prefetch)


class _Forth(Turning[T, CursorPage[T]]):
    """From the newest to the oldest."""

    _parameter = "starting_after"
    _last = -1

    def query(self, place: Place) -> tuple[tuple[str, str], ...]:
        limit = ("limit", str(self.page_size))
        return (limit,) if place.cursor is None else (limit, (self._parameter, place.cursor))

    def items(self, place: Place, page: CursorPage[T]) -> tuple[T, ...]:  # noqa: ARG002 - see base
        return page.items

    def following(self, place: Place, page: CursorPage[T]) -> Place | None:
        cursors = [self.key(item) for item in page.items]
        for unreadable in page.unreadable:
            cursors.insert(unreadable.position, unreadable.cursor)
        if not cursors:
            return None  # an empty page is the end, whatever it says: it leads nowhere
        known = [cursor for cursor in cursors if cursor is not None]
        if not known:
            raise PaginationError(f"{self.operation}: there is more, and no item has a cursor")
        # Items behind the last cursor come again, and are recognised.
        return Place(place.of, cursor=known[self._last])

    def behind(self, item: T, place: Place, last: Place) -> Place:
        cursor = self.key(item)
        return last if cursor is None else Place(place.of, cursor=cursor)


class _Back(_Forth[T]):
    """From a place to the newest."""

    _parameter = "ending_before"
    _last = 0

    def items(self, place: Place, page: CursorPage[T]) -> tuple[T, ...]:  # noqa: ARG002 - see base
        # A page is in the order of the list, also one that ends before a cursor.
        return page.items[::-1]
