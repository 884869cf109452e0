"""Items on their way from tasks to tasks.

Of anyio's streams, each item costs an event, a description of the task, and one or two iterations
of the event loop: more than all else that a fan-out does for a request.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Queue(Generic[T]):
    """Items in order; what puts one waits while `size` items are there that are not yet taken.

    With a size of 0 it waits until its own item is taken. Nothing yields to the event loop unless
    it has to wait: the network yields often enough.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._items: deque[T] = deque()
        """The last of them are of those that wait for room, as many as wait."""
        self._putting: deque[asyncio.Future[None]] = deque()
        self._taking: deque[asyncio.Future[T | None]] = deque()
        self._is_closed = False

    def put_now(self, item: T) -> bool:
        """Add an item; return whether there was room for it."""
        while self._taking:
            taker = self._taking.popleft()
            if not taker.done():
                taker.set_result(item)
                return True
        self._items.append(item)
        return len(self._items) <= self._size

    async def put(self, item: T) -> None:
        """Add an item, and wait until there is room for it."""
        if not self.put_now(item):
            await self._wait_for_room()

    async def put_all(self, items: Iterable[T]) -> None:
        """Add items, each once there is room for the one before it."""
        for item in items:
            if not self.put_now(item):
                await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        """Wait until the item is taken, or has room, that was put last."""
        room = asyncio.get_running_loop().create_future()
        self._putting.append(room)
        try:
            await room
        except asyncio.CancelledError:
            if room in self._putting:
                behind = len(self._putting) - self._putting.index(room)
                del self._items[-behind]
                self._putting.remove(room)
            raise

    def take_now(self) -> T | None:
        """Return the next item; None if there is none."""
        return self._pop() if self._items else None

    async def take(self) -> T | None:
        """Return the next item; None once the queue is closed and empty."""
        if self._items:
            return self._pop()
        if self._is_closed:
            return None
        taker: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._taking.append(taker)
        try:
            return await taker
        except asyncio.CancelledError:
            if not taker.cancelled() and (item := taker.result()) is not None:
                self._put_back(item)
            raise

    def close(self) -> None:
        """Note that nothing more will be put."""
        self._is_closed = True
        for taker in self._taking:
            if not taker.done():
                taker.set_result(None)
        self._taking.clear()

    def _pop(self) -> T:
        if self._putting:
            room = self._putting.popleft()
            if not room.done():
                room.set_result(None)
        return self._items.popleft()

    def _put_back(self, item: T) -> None:
        """Let another task have an item that came together with a cancellation."""
        self._items.appendleft(item)
        while self._taking and self._items:
            taker = self._taking.popleft()
            if not taker.done():
                taker.set_result(self._pop())
