"""The fan-out: many instances at once, each handed out as soon as it is there."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import anyio
import msgspec

from currents_async._config import check_count
from currents_async._plans import InstanceResult, Plan
from currents_async._scope import TaskScope, enter_task_group
from currents_async._transport import Terms
from currents_async.errors import (
    ClientClosedError,
    CurrentsError,
    InvalidArgumentError,
    WrongLoopError,
)
from currents_async.models.instances import Instance
from currents_async.models.runs import Run

if TYPE_CHECKING:  # anyio loads its parts when they are first used: see `load_backend`
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")

OnError = Literal["raise", "collect"]
_Numbered = tuple[int, InstanceResult]

_LOOKAHEAD = 1024
"""Specs of a run that are decoded before their turn."""


async def load_backend() -> None:
    """Make anyio load what a fan-out needs: tens of milliseconds, once in a process.

    Done when a client opens, it stalls the loop before there is work rather than amid it.
    """
    send, receive = anyio.create_memory_object_stream[None](0)
    async with send, receive, anyio.create_task_group():
        pass


def instances_of(results: Iterable[InstanceResult]) -> list[Instance]:
    """Return the instances that there are."""
    return [result.instance for result in results if result.instance is not None]


class InstanceResults(TaskScope):
    """Instances as they arrive: an async context manager, and inside it an async iterator.

    Leaving the context, by `break`, an error or at the end, cancels what is under way; nothing
    runs on. At most `concurrency` requests are in flight or have answers waiting to be taken, the
    run's own among them: the first instances are fetched while the run is still arriving.
    """

    _reused = "these results have been used: ask for them again"

    def __init__(
        self,
        plan: Plan,
        fetch: Callable[[str, Terms], Awaitable[Instance]],
        *,
        terms: Terms,
        concurrency: int,
        on_error: OnError,
    ) -> None:
        super().__init__()
        check_count("concurrency", concurrency)
        if on_error not in {"raise", "collect"}:
            raise InvalidArgumentError(f"on_error must be 'raise' or 'collect', not {on_error!r}")
        self._plan = plan
        self._fetch = fetch
        self._terms = terms
        self._concurrency = concurrency
        self._collect = on_error == "collect"
        self._total: int | None = None
        self._settled: MemoryObjectReceiveStream[_Numbered | Exception] | None = None

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        run = self._plan.run if self._total is not None else None
        if run is None:
            raise RuntimeError("there is no run before the iteration has ended")
        return run

    @property
    def total(self) -> int | None:
        """How many results there are in all; None while the run is still arriving."""
        return self._total

    async def _open(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._plan)
        # The streams are the outer contexts: the tasks are gone before they are closed. A buffer
        # of 0 behind the workers makes a slow consumer hold them back.
        send_todo, todo = anyio.create_memory_object_stream[_Numbered](_LOOKAHEAD)
        send, settled = anyio.create_memory_object_stream[_Numbered | Exception](0)
        for stream in (send_todo, todo, send, settled):
            stack.enter_context(stream)
        group = await enter_task_group(stack)
        group.start_soon(self._schedule, send_todo.clone(), send.clone())
        # The request of the run is one of those in flight: the last worker begins after it.
        group.start_soon(self._work, todo, send.clone(), self._plan.prefetch())
        for _ in range(self._concurrency - 1):
            group.start_soon(self._work, todo, send.clone())
        send_todo.close()
        send.close()
        self._settled = settled

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> InstanceResult:
        settled = await self._receive()
        if settled is None:
            raise StopAsyncIteration
        return settled[1]

    async def in_order(self) -> list[InstanceResult]:
        """Await all results that are left, and return them in the order of the run's specs."""
        numbered: list[_Numbered] = []
        while (settled := await self._receive()) is not None:
            numbered.append(settled)
        return [result for _, result in sorted(numbered, key=itemgetter(0))]

    async def _receive(self) -> _Numbered | None:
        if self._settled is None:
            raise RuntimeError("iterate inside 'async with'")
        try:
            settled = await _receive(self._settled)
        except anyio.EndOfStream:
            return None
        if isinstance(settled, Exception):
            try:
                raise settled
            finally:
                del settled  # with its traceback it would keep itself alive
        return settled

    async def _schedule(
        self,
        send_todo: "MemoryObjectSendStream[_Numbered]",
        send: "MemoryObjectSendStream[_Numbered | Exception]",
    ) -> None:
        """Hand the plan to the workers as it becomes known."""
        with send_todo, send:
            number = 0
            try:
                while batch := await self._plan.batch():
                    for pending in batch:
                        await _send(send_todo, (number, pending))
                        number += 1
                self._total = number
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                await send.send(error)

    async def _work(
        self,
        todo: "MemoryObjectReceiveStream[_Numbered]",
        send: "MemoryObjectSendStream[_Numbered | Exception]",
        first: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Settle one after the other, until another worker has taken the last."""
        with send:
            try:
                if first is not None:
                    await first()
                while True:
                    number, pending = await _receive(todo)
                    settled = await self._settle(pending)
                    await _send(send, (number, settled))
            except anyio.EndOfStream:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the consumer's to see
                # Raised in a task it would leave the task group inside an ExceptionGroup; sent, it
                # is raised to the consumer as itself.
                await send.send(error)

    async def _settle(self, pending: InstanceResult) -> InstanceResult:
        """Fetch the instance that is still missing."""
        if pending.instance_id is None:
            return pending
        try:
            instance = await self._fetch(pending.instance_id, self._terms)
        except (ClientClosedError, WrongLoopError):
            raise  # about the client, not about this instance
        except CurrentsError as error:
            if not self._collect:
                raise
            return msgspec.structs.replace(pending, error=error)
        return msgspec.structs.replace(pending, instance=instance)


# A stream's own methods make a turn of the event loop each time; here the network makes enough.


async def _receive(stream: "MemoryObjectReceiveStream[T]") -> T:
    try:
        return stream.receive_nowait()
    except anyio.WouldBlock:
        return await stream.receive()


async def _send(stream: "MemoryObjectSendStream[T]", item: T) -> None:
    try:
        stream.send_nowait(item)
    except anyio.WouldBlock:
        await stream.send(item)
