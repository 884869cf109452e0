"""The same work on several things at once."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from currents_async._pool import Pool

T = TypeVar("T")
R = TypeVar("R")


class _Each(Pool[T, R]):
    """The work as jobs of a pool."""

    def __init__(
        self, things: Iterable[T], work: Callable[[T], Awaitable[R]], concurrency: int
    ) -> None:
        super().__init__(concurrency)
        self._things = things
        self._work_on_one = work

    async def _plan_jobs(self, put: Callable[[T], Awaitable[None]]) -> None:
        for thing in self._things:
            await put(thing)

    async def _work_on(self, job: T) -> R:
        return await self._work_on_one(job)


async def for_each(
    things: Iterable[T], work: Callable[[T], Awaitable[R]], *, concurrency: int
) -> list[R]:
    """Return the results in the order of the things; the first error ends the work."""
    async with _Each(things, work, concurrency) as results:
        return await results.in_order()
