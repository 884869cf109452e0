"""Deliveries that have been accepted, remembered so that none is acted on twice."""

import math
from typing import Protocol

from currents_async._clock import Clock, SystemClock
from currents_async._config import check_count


class ReplayStore(Protocol):
    """Where the keys of accepted deliveries are, for as long as they could be sent again.

    Several processes that serve one webhook need one that they share. In Redis, `add` is
    `SET key 1 NX PX milliseconds`, and `remove` is `DEL key`. Both give up in time by themselves:
    a delivery that is given up waits for `remove`.
    """

    async def add(self, key: str, *, seconds: float) -> bool:
        """Remember a key for so long, in one step with finding out; return False if it is known."""
        ...

    async def remove(self, key: str) -> None:
        """Forget a key, if it is known."""
        ...


class MemoryReplays:
    """Keys in the memory of this process; beyond `max_keys` it forgets the oldest."""

    def __init__(self, max_keys: int = 100_000, *, clock: Clock | None = None) -> None:
        self._max_keys = check_count("max_keys", max_keys)
        self._clock = clock or SystemClock()
        self._until: dict[str, float] = {}
        """Each key and the last moment for which it is kept, in the order they were added."""

    def __len__(self) -> int:
        return len(self._until)

    async def add(self, key: str, *, seconds: float) -> bool:
        """Remember a key for so long; return False if it is known."""
        now = self._clock.wall()
        if self._until.get(key, -math.inf) >= now:
            return False
        self._until.pop(key, None)
        self._until[key] = now + seconds
        self._forget(now)
        return True

    async def remove(self, key: str) -> None:
        """Forget a key, if it is known."""
        self._until.pop(key, None)

    def _forget(self, now: float) -> None:
        """Forget the oldest, as long as they are out of date or too many."""
        while len(self._until) > self._max_keys or next(iter(self._until.values())) < now:
            del self._until[next(iter(self._until))]
