"""Work in order of priority, for workers that add more while they work."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

import anyio

from currents_async._tasks import Work

Priority = tuple[int, ...]


class WorkQueue:
    """Work for several workers, which end when no work is left and none can be added.

    Work may have a load, its share of something scarce. It waits while it would raise the load of
    all work in progress above `max_load`, unless that load is 0; all work behind it waits, too.
    """

    def __init__(self, *, refill: Callable[["WorkQueue"], bool], max_load: int) -> None:
        """Make an empty queue; when it is empty, `refill` adds work or returns False."""
        self._refill = refill
        self._max_load = max_load
        self._waiting: list[tuple[Priority, int, int, Work]] = []
        self._numbers = count()
        self._busy = 0
        self._load = 0
        self._change: anyio.Event | None = None

    def add(self, priority: Priority, work: Work, *, load: int = 0) -> None:
        """Add work: lower numbers come first, equal ones in the order in which they were added."""
        heappush(self._waiting, (priority, next(self._numbers), load, work))
        self._announce_change()

    async def run_worker(self) -> None:
        """Do the work in the queue, one after the other, until no more can be added."""
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
