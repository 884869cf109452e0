"""What there is to do, in order of priority, for workers that find more while they work."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

import anyio

from currents_async._tasks import Work

Priority = tuple[int, ...]


class WorkQueue:
    """Work for several workers, which end when none is left and none of them can add any.

    Work may have a load, its share of something scarce. Work is not begun while that would put the
    loads under way above `max_load`, unless nothing else with a load is; what comes after it in the
    queue waits as well.
    """

    def __init__(self, *, refill: Callable[["WorkQueue"], bool], max_load: int) -> None:
        """Make an empty queue; `refill` adds work when there is none to take, or returns False."""
        self._refill = refill
        self._max_load = max_load
        self._waiting: list[tuple[Priority, int, int, Work]] = []
        self._numbers = count()
        self._busy = 0
        self._load = 0
        self._change: anyio.Event | None = None

    def add(self, priority: Priority, work: Work, *, load: int = 0) -> None:
        """Add work: lower priorities come first, and equal ones in the order of their adding."""
        heappush(self._waiting, (priority, next(self._numbers), load, work))
        self._announce_change()

    async def run_worker(self) -> None:
        """Do what is in the queue, one after the other, until there will be no more."""
        while True:
            if self._waiting:
                if self._fits(self._waiting[0][2]):
                    _, _, load, work = heappop(self._waiting)
                    await self._do(work, load)
                    continue
            elif self._refill(self):
                continue
            elif not self._busy:
                return
            await self._wait_for_change()

    def _fits(self, load: int) -> bool:
        return not load or not self._load or self._load + load <= self._max_load

    async def _do(self, work: Work, load: int) -> None:
        self._busy += 1
        self._load += load
        try:
            await work()
        finally:
            self._busy -= 1
            self._load -= load
            self._announce_change()

    async def _wait_for_change(self) -> None:
        if self._change is None:
            self._change = anyio.Event()
        await self._change.wait()

    def _announce_change(self) -> None:
        if self._change is not None:
            self._change.set()
            self._change = None
