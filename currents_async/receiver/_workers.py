"""Workers over a queue of jobs: each job that was put is done, or known to be unfinished."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from itertools import count
from typing import Generic, TypeVar

import anyio

from currents_async._clock import Clock

T = TypeVar("T")


class Workers(Generic[T]):
    """Does jobs in tasks of its own, at most `concurrency` at once.

    A task of its own enters and leaves the task group, so that different tasks may start and stop
    the workers, as in web frameworks and fixtures.
    """

    def __init__(
        self, work: Callable[[T], Awaitable[None]], *, concurrency: int, clock: Clock
    ) -> None:
        """Make workers that do a job with `work`, which must raise nothing but a cancellation."""
        self._work = work
        self._concurrency = concurrency
        self._clock = clock
        self._numbers = count()
        self._unfinished: dict[int, T] = {}
        self._queue: asyncio.Queue[int] = asyncio.Queue()
        self._reserved = 0
        self._is_idle = asyncio.Event()
        self._stopping = asyncio.Event()
        self._host: asyncio.Task[None] | None = None
        self._has_stopped = False

    @property
    def has_started(self) -> bool:
        return self._host is not None

    @property
    def is_stopping(self) -> bool:
        """Whether they are stopping or have stopped, also because the loop is shutting down."""
        return self._stopping.is_set() or (self._host is not None and self._host.done())

    @property
    def has_stopped(self) -> bool:
        """Whether no worker is left to do a job."""
        return self._has_stopped

    @property
    def unfinished(self) -> list[T]:
        """The jobs that are queued or being done, in the order they were put."""
        return list(self._unfinished.values())

    @property
    def load(self) -> int:
        """The number of unfinished jobs and of places reserved for more."""
        return len(self._unfinished) + self._reserved

    @contextmanager
    def reserve(self) -> Generator[None]:
        """Reserve a place for a job that is about to be put: the workers wait for it."""
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1
            self._note_progress()

    def put(self, job: T) -> None:
        number = next(self._numbers)
        self._unfinished[number] = job
        self._queue.put_nowait(number)

    def start(self, *, drain: float) -> None:
        """Start the workers; after `stop` they have `drain` seconds for the jobs that are left."""
        self._host = asyncio.create_task(self._run(drain))

    async def stop(self) -> None:
        """Do the jobs that are left, as far as there is time, and cancel the rest.

        Cancelling this cancels the workers.
        """
        self._stopping.set()
        self._note_progress()
        try:
            if self._host is not None:
                await self._host
        finally:
            self._has_stopped = True

    async def _run(self, drain: float) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(self._concurrency):
                group.start_soon(self._do_jobs)
            await self._stopping.wait()
            timer = self._clock.call_later(drain, group.cancel_scope.cancel)
            try:
                await self._is_idle.wait()
            finally:
                timer.cancel()
            group.cancel_scope.cancel()

    async def _do_jobs(self) -> None:
        while True:
            number = await self._queue.get()
            await self._work(self._unfinished[number])
            del self._unfinished[number]
            self._note_progress()

    def _note_progress(self) -> None:
        if self.is_stopping and not self.load:
            self._is_idle.set()
