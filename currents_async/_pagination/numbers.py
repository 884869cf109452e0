"""Lists whose pages have numbers."""

from collections.abc import Callable
from typing import Any, TypeVar

from currents_async._pagination.pager import PAGE_SIZE, Pager
from currents_async._pagination.tokens import Place
from currents_async._pagination.turning import T, Turning
from currents_async._pagination.walk import Listing
from currents_async.errors import InvalidArgumentError
from currents_async.models.pages import NumberedPage

N = TypeVar("N", bound="NumberedPage[Any]")

_REMEMBERED = 200
"""Items that a place remembers at least; those of its page are always among them."""
_MAX_REMEMBERED = 2_000
"""Items that it remembers at most, for a token to be short enough; the API has pages of 100."""


class NumberedPager(Pager[T, N]):
    """Base of lists whose pages have numbers; `key` tells items apart."""

    def __init__(
        self,
        listing: Listing[N],
        *,
        key: Callable[[T], str | None],
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> None:
        turning = _Numbers[T, N](listing.operation, key, page_size)
        super().__init__(listing, turning, start=start, prefetch=prefetch)
        if self._start.cursor is not None:
            raise InvalidArgumentError("start must be a resume token")


class PagePager(NumberedPager[T, NumberedPage[T]]):
    """A list whose pages have numbers.

    An item that moves to the next page while the list is read is handed out once; `start` is a
    resume token.
    """


class _Numbers(Turning[T, N]):
    """From page to page. Places are counted in items: pages may be of another size next time."""

    def query(self, place: Place) -> tuple[tuple[str, str], ...]:
        return (("page", str(place.offset // self.page_size)), ("limit", str(self.page_size)))

    def items(self, place: Place, page: N) -> tuple[T, ...]:
        items: tuple[T, ...] = page.items
        start = place.offset % self.page_size
        return items[start - sum(one.position < start for one in page.unreadable) :]

    def following(self, place: Place, page: N) -> Place:
        number = page.next_page
        if number is True:
            number = place.offset // self.page_size + 1
        return Place(place.of, offset=int(number or 0) * self.page_size)

    def behind(self, item: T, place: Place, last: Place) -> Place:
        count = min(max(_REMEMBERED, 2 * self.page_size), _MAX_REMEMBERED)
        kept = last.keys[1 - count :]
        return Place(place.of, offset=place.offset, keys=(*kept, self.mark(item)))
