"""What both kinds of pagers have in common: how they are read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from copy import copy
from functools import partial
from typing import Any, Generic, Self

from currents_async._checks import check_int
from currents_async._pagination.page_walk import (
    Capped,
    FetchedPage,
    Listing,
    P,
    PageWalk,
    Paging,
    T,
)
from currents_async._pagination.tokens import Position, identify_list, read_start, write_token
from currents_async._queue import Queue
from currents_async._tasks import Send, TaskOwner
from currents_async.arrow._lists import TabularList
from currents_async.errors import MisuseError
from currents_async.models._model import Model
from currents_async.models.pages import item_type

PAGE_SIZE = 50
"""Items per page by default: a size that every list of the API allows."""

_OUTSIDE = "with prefetch=True, read the list inside 'async with', and once"


class Pager(TaskOwner, TabularList, Generic[T, P]):
    """Base of both kinds of pagers.

    `async for` iterates over items, `pages()` over pages, and `await` fetches the first page alone.
    Each page is a call of its own, with its own deadline. Raises what the operation raises, and
    `PaginationError` when the server's pages lead in a circle.
    """

    _reused = "this list is already being read ahead: make another one"

    def __init__(
        self,
        listing: Listing[P],
        paging: Paging[T, P],
        *,
        start: str | None,
        prefetch: bool,
    ) -> None:
        super().__init__()
        self._listing = listing
        self._paging = paging
        self._start = read_start(start, identify_list(listing.operation, listing.target))
        self._position = self._start
        self._prefetch = prefetch
        self._max_items: int | None = None
        self._ahead: Queue[FetchedPage[P] | Exception] | None = None

    def __repr__(self) -> str:
        place = "at its beginning" if self._position.is_beginning else "begun"
        limit = "" if self._max_items is None else f", at most {self._max_items} items"
        return f"<{type(self).__name__} {self._listing.operation}, {place}{limit}>"

    def limit(self, max_items: int) -> Self:
        """Return a pager over at most `max_items` items."""
        limited = copy(self)
        limited._max_items = check_int("limit", max_items)  # noqa: SLF001 - our own copy
        limited._paging = self._paging.with_max_page_size(max_items)  # noqa: SLF001
        return limited

    @property
    def resume_token(self) -> str | None:
        """The position after the last item that was handed out, to pass as `start=` to the list.

        It stays valid in another process. None at the beginning of the list.
        """
        return None if self._position.is_beginning else write_token(self._position)

    def __await__(self) -> Generator[Any, None, P]:
        return self._listing.fetch(self._paging.query(self._start)).__await__()

    # Iterators are classes: an async generator left early would be closed by a task of the loop.

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self._begin(), self._hand_out)

    def pages(self) -> AsyncIterator[P]:
        """Iterate over pages, without items that have moved over from an earlier one."""
        return _Pages(self._begin(), self._hand_out)

    def _item_type(self) -> type[Model]:
        model: type[Model] = item_type(self._listing.returns)
        return model

    def _begin(self) -> Capped[P]:
        self._position = self._start
        next_page = self._take_ahead() if self._prefetch else self._walk().next_page
        return Capped(next_page, self._max_items)

    def _walk(self) -> PageWalk[T, P]:
        return PageWalk(self._listing, self._paging, self._start)

    def _hand_out(self, item: T, page_position: Position) -> None:
        self._position = self._paging.position_after(item, page_position, self._position)

    # Reading ahead in a task.

    async def _open(self, stack: AsyncExitStack) -> None:
        if not self._prefetch:
            return
        # Without a buffer: one page is ahead, waiting to be taken.
        pages = Capped(self._walk().next_page, self._max_items)
        self._ahead = self._run_workers(stack, lambda send: [partial(_read_ahead, pages, send)])

    def _take_ahead(self) -> Callable[[], Awaitable[FetchedPage[P] | None]]:
        # Only once: a second reader would miss the rest of the page that the first one was in.
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            raise MisuseError(_OUTSIDE)
        return partial(self._take, ahead)


async def _read_ahead(pages: Capped[P], send: Send[FetchedPage[P]]) -> None:
    # Not a method: a task must not hold a reference to its owner.
    while (fetched := await pages.next_page()) is not None:
        await send(fetched)


class _Items(AsyncIterator[T], Generic[T, P]):
    """The items of pages; each moves the pager's position when it is handed out."""

    def __init__(self, pages: Capped[P], hand_out: Callable[[T, Position], None]) -> None:
        self._pages = pages
        self._hand_out = hand_out
        self._page_position: Position | None = None
        self._items: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                if self._page_position is not None:
                    self._hand_out(item, self._page_position)
                return item
            fetched = await self._pages.next_page()
            if fetched is None:
                raise StopAsyncIteration
            self._page_position, self._items = fetched.position, iter(fetched.page.items)


class _Pages(AsyncIterator[P], Generic[T, P]):
    """Pages; the items of each move the pager's position when it is handed out."""

    def __init__(self, pages: Capped[P], hand_out: Callable[[T, Position], None]) -> None:
        self._pages = pages
        self._hand_out = hand_out

    async def __anext__(self) -> P:
        fetched = await self._pages.next_page()
        if fetched is None:
            raise StopAsyncIteration
        for item in fetched.page.items:
            self._hand_out(item, fetched.position)
        return fetched.page
