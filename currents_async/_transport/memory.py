"""The memory that answers take while they arrive, bounded for all of a client together."""

import asyncio
from collections.abc import Hashable

from currents_async._wire.body_errors import OversizedBodyError

_WEIGHT = 64
"""Bytes that a Struct takes at least; `{}` takes two on the wire.

What is sent in earnest has an object for every 70 bytes and more: it weighs less than its text.
"""
_UNCOUNTED = 64 * 1024
"""Bytes of text whose objects are not counted: most answers are shorter, and 2 MiB nobody minds."""


class Memory:
    """Counts the bytes that unfinished answers hold, and makes further ones wait.

    The oldest answer never waits, and what it may come to need is kept free for it: so the whole
    stays within `limit`, and there is always one that gets on. An answer that waits for its reader
    is not among them: its reader may be waiting for the others.
    """

    def __init__(self, *, limit: int, body: int) -> None:
        self._shared = limit - body
        self._arriving: dict[Hashable, int] = {}
        """What answers hold, in order of age."""
        self._being_read: dict[Hashable, int] = {}
        """The same of those that go on when their readers do."""
        self._total = 0
        self._waiting: set[asyncio.Future[None]] = set()

    async def hold(self, holder: Hashable, size: int) -> None:
        """Say how much an answer is about to hold, and wait until it may."""
        if holder in self._being_read:
            self._total += size - self._being_read[holder]
            self._being_read[holder] = size
            return
        growth = size - self._arriving.setdefault(holder, 0)
        while self._total + growth > self._shared and self._is_behind_others(holder):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.add(turn)
            try:
                await turn
            finally:
                self._waiting.discard(turn)
        if holder in self._arriving:
            self._arriving[holder] = size
            self._total += growth

    def _is_behind_others(self, holder: Hashable) -> bool:
        """Say whether an answer is neither the oldest nor gone meanwhile."""
        return holder in self._arriving and next(iter(self._arriving)) is not holder

    def leave_to_reader(self, holder: Hashable) -> None:
        """Say that from now on an answer goes on when its reader does; it waits no more."""
        self._being_read[holder] = self._arriving.pop(holder, 0)
        self._wake()

    def let_go(self, holder: Hashable) -> None:
        """Say that an answer holds nothing any more."""
        size = self._arriving.pop(holder, 0) + self._being_read.pop(holder, 0)
        if size:
            self._total -= size
            self._wake()

    def _wake(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)


class ObjectCount:
    """Counts objects as the text arrives; tens of millions fit into a limit of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._count = 0

    @property
    def weight(self) -> int:
        """Bytes, roughly, of all objects so far."""
        return self._count * _WEIGHT

    def add(self, piece: bytes) -> None:
        """Count the objects in a piece; raise `OversizedBodyError` when they get too many."""
        self._size += len(piece)
        if self._size <= _UNCOUNTED:
            return
        self._count += piece.count(b"{")
        if self.weight > self._limit:
            raise OversizedBodyError(self._limit)
