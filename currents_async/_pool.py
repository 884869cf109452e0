"""Workers over one queue of jobs, whose results are handed out as they come."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import anyio

from currents_async import _handover
from currents_async._config import check_count
from currents_async._scope import TaskScope, enter_task_group

if TYPE_CHECKING:  # anyio loads its parts when they are first used
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")
JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


class Pool(TaskScope, Generic[JobT, ResultT]):
    """An async context manager, and inside it an async iterator over results.

    Leaving the context cancels what is under way. At most `concurrency` jobs are being done, or
    are done and waiting to be taken. An error ends the iteration, and is raised as itself.
    """

    _reused = "these results have been used: ask for them again"

    def __init__(self, concurrency: int, *, lookahead: int | None = None) -> None:
        """Make a pool for one `async with`.

        `lookahead` is how many jobs are known before their turn, by default `concurrency`.
        """
        super().__init__()
        self._concurrency = check_count("concurrency", concurrency)
        self._lookahead = self._concurrency if lookahead is None else lookahead
        self._total: int | None = None
        self._done: MemoryObjectReceiveStream[tuple[int, ResultT] | Exception] | None = None

    @property
    def total(self) -> int | None:
        """How many results there are in all; None while that is not known yet."""
        return self._total

    async def _plan_jobs(self, put: Callable[[JobT], Awaitable[None]]) -> None:
        """Put one job after the other; each waits until there is room for it."""
        raise NotImplementedError

    async def _work_on(self, job: JobT) -> ResultT:
        """Do a job."""
        raise NotImplementedError

    def _first_duty(self) -> Callable[[], Awaitable[None]] | None:
        """Return what the last worker does before its first job, if it is to do something."""
        return None

    async def _open(self, stack: AsyncExitStack) -> None:
        # The streams are the outer contexts: the tasks are gone before they are closed. A buffer
        # of 0 behind the workers makes a slow consumer hold them back.
        put, jobs = anyio.create_memory_object_stream[tuple[int, JobT]](self._lookahead)
        send, done = anyio.create_memory_object_stream[tuple[int, ResultT] | Exception](0)
        for stream in (put, jobs, send, done):
            stack.enter_context(stream)
        group = await enter_task_group(stack)
        group.start_soon(self._schedule, put.clone(), send.clone())
        group.start_soon(self._work, jobs, send.clone(), self._first_duty())
        for _ in range(self._concurrency - 1):
            group.start_soon(self._work, jobs, send.clone())
        put.close()
        send.close()
        self._done = done

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ResultT:
        numbered = await self._take()
        if numbered is None:
            raise StopAsyncIteration
        return numbered[1]

    async def in_order(self) -> list[ResultT]:
        """Await all results that are left, and return them in the order of their jobs."""
        numbered: list[tuple[int, ResultT]] = []
        while (one := await self._take()) is not None:
            numbered.append(one)
        return [result for _, result in sorted(numbered, key=itemgetter(0))]

    async def _take(self) -> tuple[int, ResultT] | None:
        """Return the next result and the number of its job; None at the end."""
        if self._done is None:
            raise RuntimeError("iterate inside 'async with'")
        return await _handover.take(self._done)

    async def _schedule(
        self,
        put: "MemoryObjectSendStream[tuple[int, JobT]]",
        send: "MemoryObjectSendStream[tuple[int, ResultT] | Exception]",
    ) -> None:
        count = 0

        async def put_and_count(job: JobT) -> None:
            nonlocal count
            await _handover.send(put, (count, job))
            count += 1

        with put, send:
            try:
                await self._plan_jobs(put_and_count)
                self._total = count
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                await send.send(error)

    async def _work(
        self,
        jobs: "MemoryObjectReceiveStream[tuple[int, JobT]]",
        send: "MemoryObjectSendStream[tuple[int, ResultT] | Exception]",
        first_duty: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Do one after the other, until another worker has taken the last."""
        with send:
            try:
                if first_duty is not None:
                    await first_duty()
                while True:
                    number, job = await _handover.receive(jobs)
                    await _handover.send(send, (number, await self._work_on(job)))
            except anyio.EndOfStream:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                # Raised in a task it would leave the task group inside an ExceptionGroup; sent, it
                # is raised to the consumer as itself.
                await send.send(error)
