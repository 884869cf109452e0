"""Workers over one queue of jobs, whose results are handed out as they complete."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Generic, Self, TypeVar

import msgspec

from currents_async._checks import check_concurrency
from currents_async._queue import Queue
from currents_async._tasks import Send, TaskOwner, Work
from currents_async.errors import ClientClosedError, CurrentsError, WrongLoopError

T = TypeVar("T")
JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far work on many things is."""

    done: int
    total: int | None = None
    """None while it is not known yet."""


OnProgress = Callable[[Progress], None]

CLIENT_ERRORS = (ClientClosedError, WrongLoopError)
"""Errors of the client itself, which every further job would meet too."""


async def outcome_of(job: Awaitable[T], *, collect: bool = True) -> T | CurrentsError:
    """Return what a job returns, or its error, unless that is raised.

    Raised are `CLIENT_ERRORS`, and without `collect` all of them.
    """
    try:
        return await job
    except CurrentsError as error:
        if not collect or isinstance(error, CLIENT_ERRORS):
            raise
        return error


class Jobs(Generic[JobT, ResultT]):
    """Base of the jobs of a pool. It must not refer to the pool: the tasks refer to it."""

    async def plan(self, put: Callable[[Iterable[JobT]], Awaitable[None]]) -> None:
        """Put jobs after jobs; each waits until there is room for the one before it."""
        raise NotImplementedError

    async def do(self, job: JobT) -> ResultT:
        raise NotImplementedError

    def prefetch(self) -> Callable[[], Awaitable[None]] | None:
        """Return what one of the workers does before its first job; None for nothing."""
        return None


class Pool(TaskOwner, Generic[JobT, ResultT]):
    """An async context manager, and inside it an async iterator over results.

    Leaving the context cancels the jobs in progress. At most `concurrency` jobs are in progress, or
    done with their results not yet taken. An error ends the iteration, and is raised as itself.
    """

    _reused = "these results have been used: request them again"

    def __init__(
        self, jobs: Jobs[JobT, ResultT], concurrency: int, *, lookahead: int | None = None
    ) -> None:
        """Make a pool for one `async with`.

        `lookahead` is how many jobs are planned ahead of the workers, by default `concurrency`.
        """
        super().__init__()
        self._jobs = jobs
        self._concurrency = check_concurrency("concurrency", concurrency)
        self._lookahead = self._concurrency if lookahead is None else lookahead
        self._workload: _Workload[JobT, ResultT] | None = None
        self._results: Queue[tuple[int, ResultT] | Exception] | None = None

    @property
    def total(self) -> int | None:
        """How many results there are in all; None while that is not known yet."""
        return None if self._workload is None else self._workload.total

    def _standing(self) -> str:
        total = self.total
        return super()._standing() + ("" if total is None else f", {total} results in all")

    async def _open(self, stack: AsyncExitStack) -> None:
        self._workload = workload = _Workload(self._jobs, self._lookahead)
        # Without a buffer, so that a slow consumer holds the workers back.
        self._results = self._run_workers(stack, partial(workload.workers, self._concurrency))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ResultT:
        numbered = await self._take(self._results)
        if numbered is None:
            raise StopAsyncIteration
        return numbered[1]

    async def in_order(self, *, on_progress: OnProgress | None = None) -> list[ResultT]:
        """Await all results that are left, and return them in the order of their jobs.

        `on_progress` is called with a `Progress` after each of them.
        """
        numbered: list[tuple[int, ResultT]] = []
        while (one := await self._take(self._results)) is not None:
            numbered.append(one)
            if on_progress is not None:
                on_progress(Progress(done=len(numbered), total=self.total))
        return [result for _, result in sorted(numbered, key=itemgetter(0))]


class _Workload(Generic[JobT, ResultT]):
    """The jobs of a pool, shared by its tasks."""

    def __init__(self, jobs: Jobs[JobT, ResultT], lookahead: int) -> None:
        self._jobs = jobs
        self.total: int | None = None
        self._queue: Queue[tuple[JobT, int]] = Queue(lookahead)

    def workers(self, concurrency: int, send: Send[tuple[int, ResultT]]) -> Iterator[Work]:
        """Return what queues the jobs, and `concurrency` workers that do them."""
        yield self._schedule
        yield partial(self._work, send, self._jobs.prefetch())
        for _ in range(concurrency - 1):
            yield partial(self._work, send)

    async def _schedule(self) -> None:
        numbers = count()

        def put(jobs: Iterable[JobT]) -> Awaitable[None]:
            return self._queue.put_all(zip(jobs, numbers, strict=False))

        try:
            await self._jobs.plan(put)
        finally:
            self._queue.close()
        self.total = next(numbers)

    async def _work(
        self, send: Send[tuple[int, ResultT]], prefetch: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        if prefetch is not None:
            await prefetch()
        queue, do = self._queue, self._jobs.do
        while (numbered := queue.take_now() or await queue.take()) is not None:
            job, number = numbered
            await send((number, await do(job)))


class _Each(Jobs[JobT, ResultT]):
    """The work as jobs of a pool."""

    def __init__(self, items: Iterable[JobT], work: Callable[[JobT], Awaitable[ResultT]]) -> None:
        self._items = items
        self._work = work

    async def plan(self, put: Callable[[Iterable[JobT]], Awaitable[None]]) -> None:
        await put(self._items)

    async def do(self, job: JobT) -> ResultT:
        return await self._work(job)


async def for_each(
    items: Iterable[JobT],
    work: Callable[[JobT], Awaitable[ResultT]],
    *,
    concurrency: int,
    on_progress: OnProgress | None = None,
) -> list[ResultT]:
    """Return the results in the order of the items; the first error ends the work."""
    items = list(items)
    # All are planned at once, so that the first report says how many there are.
    async with Pool(_Each(items, work), concurrency, lookahead=len(items)) as results:
        return await results.in_order(on_progress=on_progress)
