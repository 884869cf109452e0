"""What both kinds of pagers have in common: how they are read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self

import anyio

from currents_async._config import check_count
from currents_async._pagination.tokens import Place, place_of_list, read_start, write_token
from currents_async._pagination.turning import P, T, Turning
from currents_async._pagination.walk import Listing, Turned, UpTo, Walk
from currents_async._tasks import TaskOwner
from currents_async.errors import MisuseError

if TYPE_CHECKING:  # anyio loads its parts when they are first used
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

PAGE_SIZE = 50
"""Items asked for at once: what every list of the API allows."""

_OUTSIDE = "with prefetch=True, read the list inside 'async with', and once"


class Pager(TaskOwner, Generic[T, P]):
    """Base of both kinds of pagers.

    `async for` goes over items, `pages()` over pages, and `await` gets the first page alone. Each
    page is a call of its own, with its own deadline. Raises what the operation raises, and
    `PaginationError` when the server leads in a circle.
    """

    _reused = "this list is being read ahead already: ask for another one"

    def __init__(
        self,
        listing: Listing[P],
        turning: Turning[T, P],
        *,
        start: str | None,
        prefetch: bool,
    ) -> None:
        super().__init__()
        self._listing = listing
        self._turning = turning
        self._start = read_start(start, place_of_list(listing.operation, listing.target))
        self._place = self._start
        self._prefetch = prefetch
        self._most: int | None = None
        self._ahead: MemoryObjectReceiveStream[Turned[P] | Exception] | None = None

    def limit(self, most: int) -> Self:
        """Return a pager that hands out so many items at most."""
        limited = copy(self)
        limited._most = check_count("limit", most)  # noqa: SLF001 - a copy of ourselves
        limited._turning = self._turning.in_pages_of(most)  # noqa: SLF001
        return limited

    @property
    def resume_token(self) -> str | None:
        """Where to go on, as `start=` of the same list: behind the last item handed out.

        It survives the process. None at the beginning of the list.
        """
        return None if self._place.is_beginning else write_token(self._place)

    def __await__(self) -> Generator[Any, None, P]:
        return self._listing.fetch(self._turning.query(self._start)).__await__()

    # Iterators are classes: an async generator that is left would be closed by a task of the loop.

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self._begin(), self._hand_out)

    def pages(self) -> AsyncIterator[P]:
        """Go over pages, without the items that have moved over from an earlier one."""
        return _Pages(self._begin(), self._hand_out)

    def _begin(self) -> UpTo[P]:
        self._place = self._start
        return UpTo(self._take_ahead() if self._prefetch else self._walk().turn, self._most)

    def _walk(self) -> Walk[T, P]:
        return Walk(self._listing, self._turning, self._start)

    def _hand_out(self, item: T, place: Place) -> None:
        self._place = self._turning.behind(item, place, self._place)

    # Reading ahead in a task.

    async def _open(self, stack: AsyncExitStack) -> None:
        if not self._prefetch:
            return
        # A buffer of 0: one page is ahead, waiting to be taken.
        send, ahead = anyio.create_memory_object_stream[Turned[P] | Exception](0)
        stack.enter_context(send)
        stack.enter_context(ahead)
        turns = UpTo(self._walk().turn, self._most)
        self._own_tasks(stack, on_end=send.close).start(_read_ahead(turns, send))
        self._ahead = ahead

    def _take_ahead(self) -> Callable[[], Awaitable[Turned[P] | None]]:
        # Once: who began anew would miss what is left of a page.
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            raise MisuseError(_OUTSIDE)
        return partial(self._take, ahead)


async def _read_ahead(
    turns: UpTo[P], send: "MemoryObjectSendStream[Turned[P] | Exception]"
) -> None:
    # No method: a task must not hold its owner.
    try:
        while (turned := await turns.turn()) is not None:
            await send.send(turned)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reader's to see
        await send.send(error)


class _Items(AsyncIterator[T], Generic[T, P]):
    """The items of pages, each noted when it is handed out."""

    def __init__(self, turns: UpTo[P], hand_out: Callable[[T, Place], None]) -> None:
        self._turns = turns
        self._hand_out = hand_out
        self._place: Place | None = None
        self._items: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                if self._place is not None:
                    self._hand_out(item, self._place)
                return item
            turned = await self._turns.turn()
            if turned is None:
                raise StopAsyncIteration
            self._place, self._items = turned.place, iter(turned.page.items)


class _Pages(AsyncIterator[P], Generic[T, P]):
    """Pages, each with its items noted when it is handed out."""

    def __init__(self, turns: UpTo[P], hand_out: Callable[[T, Place], None]) -> None:
        self._turns = turns
        self._hand_out = hand_out

    async def __anext__(self) -> P:
        turned = await self._turns.turn()
        if turned is None:
            raise StopAsyncIteration
        for item in turned.page.items:
            self._hand_out(item, turned.place)
        return turned.page
