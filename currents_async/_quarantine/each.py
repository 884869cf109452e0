"""The same work on several items at once."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from currents_async._fanout.pool import Jobs, Pool

T = TypeVar("T")
R = TypeVar("R")


class _Each(Jobs[T, R]):
    """The work as jobs of a pool."""

    def __init__(self, items: Iterable[T], work: Callable[[T], Awaitable[R]]) -> None:
        self._items = items
        self._work = work

    async def plan(self, put: Callable[[T], Awaitable[None]]) -> None:
        """Put the items."""
        for item in self._items:
            await put(item)

    async def do(self, job: T) -> R:
        """Work on an item."""
        return await self._work(job)


async def for_each(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], *, concurrency: int
) -> list[R]:
    """Return the results in the order of the items; the first error ends the work."""
    async with Pool(_Each(items, work), concurrency) as results:
        return await results.in_order()
