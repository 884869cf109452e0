"""Workers over one queue of jobs, whose results are handed out as they come."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import anyio

from currents_async._config import check_count
from currents_async._scope import TaskScope, enter_task_group

if TYPE_CHECKING:  # anyio loads its parts when they are first used
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


class Pool(TaskScope, Generic[JobT, ResultT]):
    """An async context manager, and inside it an async iterator over results.

    Leaving the context cancels what is under way. At most `concurrency` jobs are being done, or
    are done and waiting to be taken. An error ends the iteration, and is raised as itself.
    """

    _reused = "these results have been used: ask for them again"

    def __init__(self, concurrency: int) -> None:
        super().__init__()
        self._concurrency = check_count("concurrency", concurrency)
        self._total: int | None = None
        self._done: MemoryObjectReceiveStream[ResultT | Exception] | None = None

    @property
    def total(self) -> int | None:
        """How many results there are in all; None while that is not known yet."""
        return self._total

    async def _plan(self, put: Callable[[JobT], Awaitable[None]]) -> None:
        """Put one job after the other; each waits until there is room for it."""
        raise NotImplementedError

    async def _work_on(self, job: JobT) -> ResultT:
        """Do a job."""
        raise NotImplementedError

    async def _open(self, stack: AsyncExitStack) -> None:
        # The streams are the outer contexts: the tasks are gone before they are closed. A buffer
        # of 0 behind the workers makes a slow consumer hold them back.
        put, jobs = anyio.create_memory_object_stream[JobT](self._concurrency)
        send, done = anyio.create_memory_object_stream[ResultT | Exception](0)
        for stream in (put, jobs, send, done):
            stack.enter_context(stream)
        group = await enter_task_group(stack)
        group.start_soon(self._schedule, put.clone(), send.clone())
        for _ in range(self._concurrency):
            group.start_soon(self._work, jobs, send.clone())
        put.close()
        send.close()
        self._done = done

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ResultT:
        if self._done is None:
            raise RuntimeError("iterate inside 'async with'")
        try:
            result = await self._done.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None
        try:
            if isinstance(result, Exception):
                raise result
            return result
        finally:
            del result  # an error would keep itself alive with its traceback

    async def _schedule(
        self,
        put: "MemoryObjectSendStream[JobT]",
        send: "MemoryObjectSendStream[ResultT | Exception]",
    ) -> None:
        count = 0

        async def put_and_count(job: JobT) -> None:
            nonlocal count
            await put.send(job)
            count += 1

        with put, send:
            try:
                await self._plan(put_and_count)
                self._total = count
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                await send.send(error)

    async def _work(
        self,
        jobs: "MemoryObjectReceiveStream[JobT]",
        send: "MemoryObjectSendStream[ResultT | Exception]",
    ) -> None:
        """Do one after the other, until another worker has taken the last."""
        with send:
            try:
                async for job in jobs:
                    await send.send(await self._work_on(job))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                # Raised in a task it would leave the task group inside an ExceptionGroup; sent, it
                # is raised to the consumer as itself.
                await send.send(error)
