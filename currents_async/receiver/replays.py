"""Remembers deliveries that have been accepted, so that none is handled twice."""

import math
from typing import Protocol

from currents_async._checks import check_int
from currents_async._clock import Clock, SystemClock


class ReplayStore(Protocol):
    """Keeps the keys of accepted deliveries, for as long as they could be sent again.

    Several processes that serve one webhook need to share one. In Redis, `add` is
    `SET key 1 NX PX milliseconds`, and `remove` is `DEL key`. Both must have a timeout of their
    own: a delivery that is not kept waits for `remove`.
    """

    async def add(self, key: str, *, seconds: float) -> bool:
        """Add a key for `seconds`, atomically; return False if it is known already."""
        ...

    async def remove(self, key: str) -> None:
        """Remove a key, if it is known."""
        ...


class MemoryReplays:
    """Keeps keys in the memory of this process; beyond `max_keys` it drops the oldest."""

    def __init__(self, max_keys: int = 100_000, *, clock: Clock | None = None) -> None:
        self._max_keys = check_int("max_keys", max_keys)
        self._clock = clock or SystemClock()
        self._until: dict[str, float] = {}
        """Each key and the time until which it is kept, in the order they were added."""

    def __len__(self) -> int:
        return len(self._until)

    async def add(self, key: str, *, seconds: float) -> bool:
        """Add a key for `seconds`; return False if it is known already."""
        now = self._clock.wall()
        if self._until.get(key, -math.inf) >= now:
            return False
        self._until.pop(key, None)
        self._until[key] = now + seconds
        self._drop_old(now)
        return True

    async def remove(self, key: str) -> None:
        """Remove a key, if it is known."""
        self._until.pop(key, None)

    def _drop_old(self, now: float) -> None:
        while len(self._until) > self._max_keys or next(iter(self._until.values())) < now:
            del self._until[next(iter(self._until))]
