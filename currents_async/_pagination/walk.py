"""The way through a list: one page after the other, each asked for once."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple

import msgspec

from currents_async._pagination.tokens import Place
from currents_async._pagination.turning import P, T, Turning
from currents_async._wire.query import Query
from currents_async.errors import MisuseError, PaginationError

_REMEMBERED = 1_000
"""Items among which one that has moved to the next page meanwhile is recognised."""

_MAX_STALE_PAGES = 20
"""Pages in a row without anything new. A list that grows at its head may have a few."""


class Listing(NamedTuple, Generic[P]):
    """A list of the API with its filters, but for the page."""

    operation: str
    target: str
    """Path and filters: what tells this list from others."""
    fetch: Callable[[Query], Awaitable[P]]


class Turned(NamedTuple, Generic[P]):
    """A page that has been fetched, in the order in which it is handed out, and where it was."""

    place: Place
    page: P


class Walk(Generic[T, P]):
    """A list from a place on: each page, without the items that were on an earlier one."""

    def __init__(self, listing: Listing[P], turning: Turning[T, P], start: Place) -> None:
        self._listing = listing
        self._turning = turning
        self._place: Place | None = start
        self._asked: set[Query] = set()
        self._recent = dict.fromkeys(start.keys[-_REMEMBERED:])
        self._to_be_seen_again = set(self._recent)
        self._seen: set[int] = set()
        """Hashes of the contents of pages."""
        self._stale_pages = 0
        self._is_turning = False

    async def turn(self) -> Turned[P] | None:
        """Fetch the next page; None at the end. After an error it is tried again."""
        if self._place is None:
            return None
        if self._is_turning:
            raise MisuseError("another task is iterating over this list already: let one do it")
        self._is_turning = True
        try:
            return await self._fetch(self._place)
        finally:
            self._is_turning = False

    async def _fetch(self, place: Place) -> Turned[P]:
        operation = self._listing.operation
        query = self._turning.query(place)
        if query in self._asked:
            raise PaginationError(f"{operation}: the pages lead in a circle")
        page = await self._listing.fetch(query)
        following = self._turning.following(place, page) if page.has_more else None
        items = self._turning.items(place, page)
        marks = [self._turning.mark(item) for item in items]
        fresh = self._fresh(items, marks)
        known = self._to_be_seen_again & {*marks}
        self._to_be_seen_again -= known
        content = hash((*marks, *((one.position, one.cursor) for one in page.unreadable)))
        if following is not None:
            self._check_news(content, is_new=bool(fresh or known or page.unreadable))
        self._asked.add(query)
        self._place = following
        return Turned(place, with_items(page, fresh))

    def _check_news(self, content: int, *, is_new: bool) -> None:
        """Raise where too many pages in a row had nothing new, though each says there is more."""
        is_new = is_new and content not in self._seen
        self._seen.add(content)
        self._stale_pages = 0 if is_new else self._stale_pages + 1
        if self._stale_pages >= _MAX_STALE_PAGES:
            raise PaginationError(
                f"{self._listing.operation}: {_MAX_STALE_PAGES} pages in a row had nothing new, "
                "though the server says that there is more"
            )

    def _fresh(self, items: tuple[T, ...], marks: list[int]) -> tuple[T, ...]:
        """Return the items that were on no earlier page, and remember them."""
        fresh = tuple(
            item for item, mark in zip(items, marks, strict=True) if mark not in self._recent
        )
        self._recent |= dict.fromkeys(marks)
        while len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return fresh


class UpTo(Generic[P]):
    """Pages up to so many items, or all."""

    def __init__(self, turn: Callable[[], Awaitable[Turned[P] | None]], most: int | None) -> None:
        self._turn = turn
        self._left = most

    async def turn(self) -> Turned[P] | None:
        """Return the next page; None at the end."""
        if self._left == 0:
            return None
        turned = await self._turn()
        if turned is None or self._left is None:
            return turned
        items = turned.page.items[: self._left]
        self._left -= len(items)
        return Turned(turned.place, with_items(turned.page, items))


def with_items(page: P, items: tuple[Any, ...]) -> P:
    """Return a page with other items."""
    return page if items == page.items else msgspec.structs.replace(page, items=items)
