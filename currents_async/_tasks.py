"""Tasks that run beside the caller, and have ended once their owner has been left.

No cancel scope and no task group is left open over the caller. An async generator that iterates
inside `async with` may be closed by another task than the one that entered it, as the event loop
and web frameworks do, and a scope would then cancel the task that entered it.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from types import ModuleType
from typing import Any, ClassVar, Self, TypeVar

from currents_async._queue import Queue
from currents_async.errors import MisuseError

T = TypeVar("T")
Send = Callable[[T], Awaitable[None]]
Work = Callable[[], Awaitable[None]]


class Tasks:
    """Tasks that end together: if one fails or is cancelled, the others are cancelled."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        """Call back when the last task has ended."""
        self._on_end = on_end
        self._running: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._failure: BaseException | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in a task, in the context of the caller."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def check(self) -> None:
        """Raise the error that made the tasks end early, if there is one."""
        failure, self._failure = self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # with its traceback it would keep itself alive

    async def aclose(self) -> None:
        """Cancel the tasks, and wait until they have ended."""
        self._is_closing = True
        self._cancel()
        await wait_for_all(self._running)

    def _cancel(self) -> None:
        for task in self._running:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        failure = _failure_of(task)
        if failure is not None and not self._is_closing:
            self._failure = self._failure or failure
            self._cancel()
        if not self._running:
            self._on_end()


def _failure_of(task: asyncio.Task[None]) -> BaseException | None:
    if task.cancelled():
        return MisuseError(
            "a task of this library was cancelled from outside: cancel the task that iterates"
        )
    return task.exception()


async def wait_for_all(futures: Collection["asyncio.Future[Any]"]) -> None:
    """Wait until all are done; a cancellation in the meantime is raised only then."""
    try:
        await _wait(futures)
    except asyncio.CancelledError:
        import anyio  # noqa: PLC0415 - seldom used

        # anyio keeps cancelling what is not shielded; others may cancel several times, too.
        with anyio.CancelScope(shield=True):
            while not all(future.done() for future in futures):
                with suppress(asyncio.CancelledError):
                    await _wait(futures)
        raise


async def _wait(futures: Collection["asyncio.Future[Any]"]) -> None:
    if futures:
        await asyncio.wait(set(futures))


class TaskOwner:
    """Base of async context managers with tasks; leaving one, in any task, cancels its tasks.

    An error in the body of `async with` is raised unchanged. The tasks must not refer to their
    owner: an owner that is dropped without being closed is closed by the loop, with a
    `ResourceWarning`.
    """

    _reused: ClassVar[str]
    """The error message for entering it twice."""

    def __init__(self) -> None:
        self._was_entered = False
        self._lease: _Lease | None = None
        self._tasks: Tasks | None = None

    async def __aenter__(self) -> Self:
        if self._was_entered:
            raise MisuseError(self._reused)
        self._was_entered = True
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._lease = _Lease(stack.pop_all(), type(self).__name__)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lease is not None:
            await self._lease.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._standing()}>"

    def _standing(self) -> str:
        """Return in words whether it can be read."""
        if not self._was_entered:
            return "not entered yet"
        return "open" if self._lease is not None and self._lease.is_open else "closed"

    async def _open(self, stack: AsyncExitStack) -> None:
        """Enter what the tasks need, then start them; the stack leaves it in reverse."""
        raise NotImplementedError

    def _own_tasks(self, stack: AsyncExitStack, on_end: Callable[[], None]) -> Tasks:
        """Return an owner of tasks, which end when the stack is closed."""
        self._tasks = Tasks(on_end)
        stack.push_async_callback(self._tasks.aclose)
        return self._tasks

    def _run_workers(
        self,
        stack: AsyncExitStack,
        workers: Callable[[Send[T]], Iterable[Work]],
        *,
        buffer: int = 0,
    ) -> Queue[T | Exception]:
        """Start tasks whose results `_take` returns; then it raises what a task has raised.

        A slow consumer holds the tasks back as soon as the buffer is full.
        """
        results: Queue[T | Exception] = Queue(buffer)
        tasks = self._own_tasks(stack, on_end=results.close)
        for work in workers(results.put):
            tasks.start(_run_worker(work, results))
        return results

    def _check_open(self) -> None:
        if self._lease is None or not self._lease.is_open:
            raise MisuseError("iterate inside 'async with'")

    async def _take(self, results: Queue[T | Exception] | None) -> T | None:
        """Return the next result of the tasks, or None at the end; raise what ended them early."""
        self._check_open()
        if results is None:
            return None
        result = results.take_now()
        if result is None:
            result = await results.take()
        if result is None and self._tasks is not None:
            self._tasks.check()
        if isinstance(result, Exception):
            try:
                raise result
            finally:
                del result  # with its traceback it would keep itself alive
        return result


async def _run_worker(work: Work, results: Queue[T | Exception]) -> None:
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - raised where the results are taken
        # After the results of the other tasks, so that none of them is lost.
        await results.put(error)


class _Lease:
    """The open resources of an owner, held by it and its copies, but by no task."""

    def __init__(self, stack: AsyncExitStack, name: str) -> None:
        self._stack = stack
        self._name = name
        self._loop = asyncio.get_running_loop()
        self.is_open = True

    async def aclose(self) -> None:
        self.is_open = False
        # Closed without the error of the body, which does not concern what is on the stack.
        await self._stack.aclose()

    def __del__(self, _warnings: ModuleType = warnings) -> None:
        if self.is_open:
            message = f"unclosed {self._name}: leave its 'async with'"
            _warnings.warn(message, ResourceWarning, source=self)
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_close, self._loop, self._stack)


_closing: set["asyncio.Task[None]"] = set()
"""The loop itself holds tasks only weakly."""


def _close(loop: asyncio.AbstractEventLoop, stack: AsyncExitStack) -> None:
    task = loop.create_task(stack.aclose())
    _closing.add(task)
    task.add_done_callback(_closing.discard)
