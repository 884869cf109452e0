"""Workers over one queue of jobs, whose results are handed out as they complete."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from operator import itemgetter
from typing import Generic, Self, TypeVar

import anyio

from currents_async import _handover
from currents_async._config import check_concurrency
from currents_async._tasks import TaskOwner
from currents_async.errors import ClientClosedError, CurrentsError, WrongLoopError

T = TypeVar("T")
JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")

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

    async def plan(self, put: Callable[[JobT], Awaitable[None]]) -> None:
        """Put one job after the other; each waits until there is room for it."""
        raise NotImplementedError

    async def do(self, job: JobT) -> ResultT:
        """Do a job."""
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

    @property
    def total(self) -> int | None:
        """How many results there are in all; None while that is not known yet."""
        return None if self._workload is None else self._workload.total

    async def _open(self, stack: AsyncExitStack) -> None:
        self._workload = workload = _Workload(self._jobs, self._lookahead)
        # First on the stack, so that the tasks have ended before their streams are closed.
        stack.callback(workload.close)
        tasks = self._own_tasks(stack, on_end=workload.results.close)
        tasks.start(workload.schedule())
        tasks.start(workload.work(self._jobs.prefetch()))
        for _ in range(self._concurrency - 1):
            tasks.start(workload.work())

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
        return await self._take(None if self._workload is None else self._workload.done)


class _Workload(Generic[JobT, ResultT]):
    """The jobs and results of a pool, shared by its tasks."""

    def __init__(self, jobs: Jobs[JobT, ResultT], lookahead: int) -> None:
        self._jobs = jobs
        self.total: int | None = None
        # The results have a buffer of 0, so that a slow consumer holds the workers back.
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
            except Exception as error:  # noqa: BLE001 - raised where the results are taken
                await self.results.send(error)

    async def work(self, prefetch: Callable[[], Awaitable[None]] | None = None) -> None:
        """Do one job after the other, until none is left."""
        try:
            if prefetch is not None:
                await prefetch()
            while (numbered := await _handover.take(self._queue)) is not None:
                number, job = numbered
                await _handover.send(self.results, (number, await self._jobs.do(job)))
        except Exception as error:  # noqa: BLE001 - raised where the results are taken
            # Sent after the results of the other workers, which are not lost.
            await self.results.send(error)
