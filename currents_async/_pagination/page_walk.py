"""The way through a list: how to get from page to page, each of which is requested once."""

from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any, Generic, NamedTuple, Self, TypeVar

import msgspec

from currents_async._checks import check_int
from currents_async._pagination.tokens import Position, hash_text
from currents_async._wire.endpoint import Query
from currents_async.errors import MisuseError, PaginationError
from currents_async.models.pages import CursorPage, NumberedPage

T = TypeVar("T")
P = TypeVar("P", bound="CursorPage[Any] | NumberedPage[Any]")

_MAX_RECENT = 1_000
"""Items that are remembered, to recognise one that has moved to the next page meanwhile."""

_MAX_STALE_PAGES = 20
"""Pages in a row without anything new. A list that grows at its head may have a few."""


class Paging(Generic[T, P]):
    """Base of both kinds of paging: what to request, and which position a page leads to."""

    def __init__(
        self, listing: "Listing[P]", key: Callable[[T], str | None], page_size: int
    ) -> None:
        self.operation: str = listing.operation
        self.key = key
        self.page_size: int = check_int("page_size", page_size, max_value=listing.max_page_size)

    def with_max_page_size(self, max_items: int) -> Self:
        """Return the same paging with pages of at most `max_items`."""
        smaller = copy(self)
        smaller.page_size = min(self.page_size, max_items)
        return smaller

    def fingerprint(self, item: T) -> int:
        """Return a hash that identifies an item: of its key, or else of all its fields."""
        key = self.key(item)
        return hash_text(msgspec.json.encode(item).decode() if key is None else key)

    def query(self, position: Position) -> tuple[tuple[str, str], ...]:
        """Return the query parameters of the page at a position."""
        raise NotImplementedError

    def items(self, position: Position, page: P) -> tuple[T, ...]:
        """Return the items of a page that come after the position it was requested for."""
        raise NotImplementedError

    def next_position(self, position: Position, page: P) -> Position | None:
        """Return the position of the next page; None if the page leads to none."""
        raise NotImplementedError

    def position_after(self, item: T, page_position: Position, previous: Position) -> Position:
        """Return the position after an item of the page at `page_position`.

        `previous` is the position before that item.
        """
        raise NotImplementedError


class Listing(NamedTuple, Generic[P]):
    """A list of the API with its filters, without the parameters of a page."""

    operation: str
    target: str
    """Path and filters, which identify the list."""
    fetch: Callable[[Query], Awaitable[P]]
    max_page_size: int | None = None
    returns: Any = None
    """The type of a page."""


class FetchedPage(NamedTuple, Generic[P]):
    """A page in the order in which it is handed out, and the position it was requested for."""

    position: Position
    page: P


class PageWalk(Generic[T, P]):
    """The pages of a list from a position on, without items that were on an earlier one."""

    def __init__(self, listing: Listing[P], paging: Paging[T, P], start: Position) -> None:
        self._listing = listing
        self._paging = paging
        self._position: Position | None = start
        self._requested: set[Query] = set()
        self._recent = dict.fromkeys(start.fingerprints[-_MAX_RECENT:])
        self._to_be_seen_again = set(self._recent)
        self._seen_contents: set[int] = set()
        """Hashes of the contents of pages."""
        self._stale_pages = 0
        self._is_fetching = False

    async def next_page(self) -> FetchedPage[P] | None:
        """Fetch the next page; return None at the end. After an error, fetch the same again."""
        if self._position is None:
            return None
        if self._is_fetching:
            raise MisuseError("another task is already iterating over this list")
        self._is_fetching = True
        try:
            return await self._fetch(self._position)
        finally:
            self._is_fetching = False

    async def _fetch(self, position: Position) -> FetchedPage[P]:
        operation = self._listing.operation
        query = self._paging.query(position)
        if query in self._requested:
            raise PaginationError(f"{operation}: the pages lead in a circle")
        page = await self._listing.fetch(query)
        next_position = self._paging.next_position(position, page) if page.has_more else None
        items = self._paging.items(position, page)
        fingerprints = [self._paging.fingerprint(item) for item in items]
        new = self._without_recent(items, fingerprints)
        known = self._to_be_seen_again & {*fingerprints}
        self._to_be_seen_again -= known
        content = hash((*fingerprints, *((one.position, one.cursor) for one in page.unreadable)))
        if next_position is not None:
            self._check_progress(content, is_new=bool(new or known or page.unreadable))
        self._requested.add(query)
        self._position = next_position
        return FetchedPage(position, with_items(page, new))

    def _check_progress(self, content: int, *, is_new: bool) -> None:
        """Raise when too many pages in a row had nothing new, though each says there is more."""
        is_new = is_new and content not in self._seen_contents
        self._seen_contents.add(content)
        self._stale_pages = 0 if is_new else self._stale_pages + 1
        if self._stale_pages >= _MAX_STALE_PAGES:
            raise PaginationError(
                f"{self._listing.operation}: {_MAX_STALE_PAGES} pages in a row had nothing new, "
                "though the server says that there is more"
            )

    def _without_recent(self, items: tuple[T, ...], fingerprints: list[int]) -> tuple[T, ...]:
        """Return the items that were on no earlier page, and remember them."""
        new = tuple(
            item
            for item, fingerprint in zip(items, fingerprints, strict=True)
            if fingerprint not in self._recent
        )
        self._recent |= dict.fromkeys(fingerprints)
        while len(self._recent) > _MAX_RECENT:
            del self._recent[next(iter(self._recent))]
        return new


class Capped(Generic[P]):
    """Pages with at most `max_items` items in all; with None, all of them."""

    def __init__(
        self, next_page: Callable[[], Awaitable[FetchedPage[P] | None]], max_items: int | None
    ) -> None:
        self._next_page = next_page
        self._left = max_items

    async def next_page(self) -> FetchedPage[P] | None:
        if self._left == 0:
            return None
        fetched = await self._next_page()
        if fetched is None or self._left is None:
            return fetched
        items = fetched.page.items[: self._left]
        self._left -= len(items)
        return FetchedPage(fetched.position, with_items(fetched.page, items))


def with_items(page: P, items: tuple[Any, ...]) -> P:
    return page if items == page.items else msgspec.structs.replace(page, items=items)
