"""The memory that answers take while they arrive, bounded for all of a client together."""

import asyncio
from collections.abc import Hashable


class InFlight:
    """Counts the bytes that unfinished answers hold, and makes further ones wait.

    The oldest answer never waits, and what it may come to need is kept free for it: so the whole
    stays within `limit`, and there is always one that gets on.
    """

    def __init__(self, *, limit: int, body: int) -> None:
        self._shared = limit - body
        self._held: dict[Hashable, int] = {}
        """In order of age."""
        self._total = 0
        self._waiting: set[asyncio.Future[None]] = set()

    async def hold(self, holder: Hashable, size: int) -> None:
        """Say how much an answer holds by now, and wait until it may go on."""
        self._total += size - self._held.get(holder, 0)
        self._held[holder] = size
        while self._total > self._shared and next(iter(self._held)) is not holder:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.add(turn)
            try:
                await turn
            finally:
                self._waiting.discard(turn)

    def let_go(self, holder: Hashable) -> None:
        """Say that an answer holds nothing any more."""
        size = self._held.pop(holder, None)
        if size is None:
            return
        self._total -= size
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
