"""What there is to do, in order, for workers that find more while they work."""

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")
Job = Callable[[T], Awaitable[None]]
Rank = tuple[int, ...]


class Agenda(Generic[T]):
    """Jobs, until there are none left, nobody is at one that may lead to more, nor more to begin.

    A job may have a load: what it takes of something that is scarce. Jobs with more than `most`
    together are not done at once, but one alone always is; others wait behind it.
    """

    def __init__(self, *, begin: Callable[[], bool], most: int) -> None:
        """Make an empty one; `begin` adds jobs when there are none to take, or says False."""
        self._begin = begin
        self._most = most
        self._jobs: list[tuple[Rank, int, int, Job[T]]] = []
        self._numbers = count()
        self._busy = 0
        self._load = 0
        self._change: anyio.Event | None = None

    def add(self, rank: Rank, job: Job[T], *, load: int = 0) -> None:
        """Add a job, to be done after those of a lower rank, and those of its own before it."""
        heappush(self._jobs, (rank, next(self._numbers), load, job))
        self._announce()

    async def work(self, tool: T) -> None:
        """Do one job after the other, each with `tool`, until there will be no more."""
        while True:
            if self._jobs:
                if self._fits(self._jobs[0][2]):
                    _, _, load, job = heappop(self._jobs)
                    await self._do(job, tool, load)
                    continue
            elif self._begin():
                continue
            elif not self._busy:
                return
            await self._changed()

    def _fits(self, load: int) -> bool:
        return not load or not self._load or self._load + load <= self._most

    async def _do(self, job: Job[T], tool: T, load: int) -> None:
        self._busy += 1
        self._load += load
        try:
            await job(tool)
        finally:
            self._busy -= 1
            self._load -= load
            self._announce()

    async def _changed(self) -> None:
        if self._change is None:
            self._change = anyio.Event()
        await self._change.wait()

    def _announce(self) -> None:
        if self._change is not None:
            self._change.set()
            self._change = None
