"""The memory that responses take while they arrive, bounded for all of a client together."""

import asyncio
from collections.abc import Hashable

from currents_async._wire.body_errors import OversizedBodyError

_WEIGHT = 64
"""Bytes that a Struct takes at least; `{}` takes two on the wire.

Real responses have at most one object per 70 bytes: it weighs less than its text.
"""
_UNCOUNTED = 64 * 1024
"""Bytes of text whose objects are not counted: most responses are shorter, and 2 MiB are little."""


class Memory:
    """Counts the bytes that unfinished responses hold, and makes further ones wait.

    The oldest response never waits, and what it may need is kept free for it: so all of them stay
    within `limit`, and one always makes progress. A response that waits for its reader does not
    count as the oldest: its reader may be waiting for the others.
    """

    def __init__(self, *, limit: int, body: int) -> None:
        self._shared = limit - body
        self._arriving: dict[Hashable, int] = {}
        """What responses hold, in order of age."""
        self._being_read: dict[Hashable, int] = {}
        """The same of those that go on when their readers do."""
        self._total = 0
        self._waiting: set[asyncio.Future[None]] = set()

    async def hold(self, holder: Hashable, size: int) -> None:
        """Announce how much a response is about to hold, and wait until it may."""
        if holder in self._being_read:
            self._total += size - self._being_read[holder]
            self._being_read[holder] = size
            return
        growth = size - self._arriving.setdefault(holder, 0)
        while self._total + growth > self._shared and self._is_behind_others(holder):
            room = asyncio.get_running_loop().create_future()
            self._waiting.add(room)
            try:
                await room
            finally:
                self._waiting.discard(room)
        if holder in self._arriving:
            self._arriving[holder] = size
            self._total += growth

    def _is_behind_others(self, holder: Hashable) -> bool:
        """Return whether a response is neither the oldest nor gone."""
        return holder in self._arriving and next(iter(self._arriving)) is not holder

    def leave_to_reader(self, holder: Hashable) -> None:
        """Note that from now on a response goes on when its reader does; it waits no more."""
        self._being_read[holder] = self._arriving.pop(holder, 0)
        self._wake()

    def let_go(self, holder: Hashable) -> None:
        """Note that a response holds nothing any more."""
        size = self._arriving.pop(holder, 0) + self._being_read.pop(holder, 0)
        if size:
            self._total -= size
            self._wake()

    def _wake(self) -> None:
        for room in self._waiting:
            if not room.done():
                room.set_result(None)


class ObjectCount:
    """Counts objects as the text arrives: a limit in bytes lets tens of millions of `{}` pass."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._count = 0

    @property
    def weight(self) -> int:
        """Bytes, roughly, of all objects so far."""
        return self._count * _WEIGHT

    def add(self, text: bytes) -> None:
        """Count the objects in a slice; raise `OversizedBodyError` when there are too many."""
        self._size += len(text)
        if self._size <= _UNCOUNTED:
            return
        # Three times as fast as `count`, which looks at one byte after the other until Python 3.13.
        self._count += len(text) - len(text.replace(b"{", b""))
        if self.weight > self._limit:
            raise OversizedBodyError(self._limit)
