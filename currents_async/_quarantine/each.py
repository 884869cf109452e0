"""The same work on several things at once."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from currents_async._fanout.pool import Jobs, Pool

T = TypeVar("T")
R = TypeVar("R")


class _Each(Jobs[T, R]):
    """The work as jobs of a pool."""

    def __init__(self, things: Iterable[T], work: Callable[[T], Awaitable[R]]) -> None:
        self._things = things
        self._work = work

    async def plan(self, put: Callable[[T], Awaitable[None]]) -> None:
        """Put the things."""
        for thing in self._things:
            await put(thing)

    async def do(self, job: T) -> R:
        """Work on one of them."""
        return await self._work(job)


async def for_each(
    things: Iterable[T], work: Callable[[T], Awaitable[R]], *, concurrency: int
) -> list[R]:
    """Return the results in the order of the things; the first error ends the work."""
    async with Pool(_Each(things, work), concurrency) as results:
        return await results.in_order()
