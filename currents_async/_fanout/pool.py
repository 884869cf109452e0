"""Workers over one queue of jobs, whose results are handed out as they come."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from operator import itemgetter
from typing import Generic, Self, TypeVar

import anyio

from currents_async import _handover
from currents_async._config import check_concurrency
from currents_async._tasks import TaskOwner

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


class Jobs(Generic[JobT, ResultT]):
    """Base of what a pool is for; it knows nothing of the pool, for the tasks hold it."""

    async def plan(self, put: Callable[[JobT], Awaitable[None]]) -> None:
        """Put one job after the other; each waits until there is room for it."""
        raise NotImplementedError

    async def do(self, job: JobT) -> ResultT:
        """Do a job."""
        raise NotImplementedError

    def first_duty(self) -> Callable[[], Awaitable[None]] | None:
        """Return what the last worker does before its first job, if it is to do something."""
        return None


class Pool(TaskOwner, Generic[JobT, ResultT]):
    """An async context manager, and inside it an async iterator over results.

    Leaving the context cancels what is under way. At most `concurrency` jobs are being done, or
    are done and waiting to be taken. An error ends the iteration, and is raised as itself.
    """

    _reused = "these results have been used: ask for them again"

    def __init__(
        self, jobs: Jobs[JobT, ResultT], concurrency: int, *, lookahead: int | None = None
    ) -> None:
        """Make a pool for one `async with`.

        `lookahead` is how many jobs are known before their turn, by default `concurrency`.
        """
        super().__init__()
        self._jobs = jobs
        self._concurrency = check_concurrency("concurrency", concurrency)
        self._lookahead = self._concurrency if lookahead is None else lookahead
        self._bench: _Bench[JobT, ResultT] | None = None

    @property
    def total(self) -> int | None:
        """How many results there are in all; None while that is not known yet."""
        return None if self._bench is None else self._bench.total

    async def _open(self, stack: AsyncExitStack) -> None:
        self._bench = bench = _Bench(self._jobs, self._lookahead)
        # The outer context: the tasks are gone before their streams are closed.
        stack.callback(bench.close)
        tasks = self._own_tasks(stack, on_end=bench.results.close)
        tasks.start(bench.schedule())
        tasks.start(bench.work(self._jobs.first_duty()))
        for _ in range(self._concurrency - 1):
            tasks.start(bench.work())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ResultT:
        numbered = await self._next()
        if numbered is None:
            raise StopAsyncIteration
        return numbered[1]

    async def in_order(self) -> list[ResultT]:
        """Await all results that are left, and return them in the order of their jobs."""
        numbered: list[tuple[int, ResultT]] = []
        while (one := await self._next()) is not None:
            numbered.append(one)
        return [result for _, result in sorted(numbered, key=itemgetter(0))]

    async def _next(self) -> tuple[int, ResultT] | None:
        """Return the next result and the number of its job; None at the end."""
        return await self._take(None if self._bench is None else self._bench.done)


class _Bench(Generic[JobT, ResultT]):
    """What the workers of a pool share."""

    def __init__(self, jobs: Jobs[JobT, ResultT], lookahead: int) -> None:
        self._jobs = jobs
        self.total: int | None = None
        # A buffer of 0 behind the workers makes a slow consumer hold them back.
        self._put, self._queue = anyio.create_memory_object_stream[tuple[int, JobT]](lookahead)
        self.results, self.done = anyio.create_memory_object_stream[
            tuple[int, ResultT] | Exception
        ](0)

    def close(self) -> None:
        for stream in (self._put, self._queue, self.results, self.done):
            stream.close()

    async def schedule(self) -> None:
        """Queue the jobs."""
        count = 0

        async def put_and_count(job: JobT) -> None:
            nonlocal count
            await _handover.send(self._put, (count, job))
            count += 1

        with self._put:
            try:
                await self._jobs.plan(put_and_count)
                self.total = count
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                await self.results.send(error)

    async def work(self, first_duty: Callable[[], Awaitable[None]] | None = None) -> None:
        """Do one after the other, until another worker has taken the last."""
        try:
            if first_duty is not None:
                await first_duty()
            while (numbered := await _handover.take(self._queue)) is not None:
                number, job = numbered
                await _handover.send(self.results, (number, await self._jobs.do(job)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
            # Behind the results of the others, which are not lost.
            await self.results.send(error)
