"""Lists whose pages have numbers."""

from collections.abc import Callable
from typing import Any, TypeVar

from currents_async._pagination.page_walk import Listing, Paging, T
from currents_async._pagination.pager import PAGE_SIZE, Pager
from currents_async._pagination.tokens import Position
from currents_async.errors import InvalidArgumentError
from currents_async.models.pages import NumberedPage

N = TypeVar("N", bound="NumberedPage[Any]")

_MIN_FINGERPRINTS = 200
"""Fingerprints that a position keeps at least; those of its own page are always among them."""
_MAX_FINGERPRINTS = 2_000
"""Fingerprints that it keeps at most, so that a token stays short; the API has pages of 100."""


class NumberedPager(Pager[T, N]):
    """Base of lists whose pages have numbers; `key` identifies an item."""

    def __init__(
        self,
        listing: Listing[N],
        *,
        key: Callable[[T], str | None],
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> None:
        paging = _ByNumber[T, N](listing, key, page_size)
        super().__init__(listing, paging, start=start, prefetch=prefetch)
        if self._start.cursor is not None:
            raise InvalidArgumentError("start must be a resume token")


class PagePager(NumberedPager[T, NumberedPage[T]]):
    """A list whose pages have numbers.

    An item that moves to the next page while the list is read comes once; `start` is a resume
    token.
    """


class _ByNumber(Paging[T, N]):
    """From page to page. Positions count items, because the next page size may differ."""

    def query(self, position: Position) -> tuple[tuple[str, str], ...]:
        return (("page", str(position.offset // self.page_size)), ("limit", str(self.page_size)))

    def items(self, position: Position, page: N) -> tuple[T, ...]:
        items: tuple[T, ...] = page.items
        start = position.offset % self.page_size
        return items[start - sum(one.position < start for one in page.unreadable) :]

    def next_position(self, position: Position, page: N) -> Position:
        number = page.next_page
        if number is True:
            number = position.offset // self.page_size + 1
        return Position(position.list_id, offset=int(number or 0) * self.page_size)

    def position_after(self, item: T, page_position: Position, previous: Position) -> Position:
        count = min(max(_MIN_FINGERPRINTS, 2 * self.page_size), _MAX_FINGERPRINTS)
        fingerprints = (*previous.fingerprints[1 - count :], self.fingerprint(item))
        return Position(
            page_position.list_id, offset=page_position.offset, fingerprints=fingerprints
        )
