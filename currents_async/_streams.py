"""A run whose specs are handed out while its body is still arriving."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Generic, Self, TypeVar

from currents_async._tasks import TaskOwner
from currents_async._transport import ResponseStream
from currents_async.errors import MisuseError
from currents_async.models.runs import Run

SpecT = TypeVar("SpecT")


class RunStream(TaskOwner, Generic[SpecT]):
    """The specs of a run as they arrive: an async context manager, and inside it an iterator.

    Iterate over single specs, or over `batches()` of them, which is faster. The compressed body is
    read from the network as fast as it arrives, and decoded as you iterate: the time that you spend
    on specs does not count towards any timeout.
    """

    _reused = "this stream has been used: make another one"

    def __init__(self, open_stream: Callable[[], ResponseStream[SpecT, Run]]) -> None:
        super().__init__()
        self._open_stream = open_stream
        self._stream: ResponseStream[SpecT, Run] | None = None
        self._batch: Iterator[SpecT] = iter(())
        self._is_reading = False

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        if self._stream is None:
            raise MisuseError("there is no run before the iteration has ended")
        return self._stream.data

    async def _open(self, stack: AsyncExitStack) -> None:
        self._stream = stream = await stack.enter_async_context(self._open_stream())
        prefetch = stream.prefetch()
        self._own_tasks(stack, on_end=stream.end_of_prefetch()).start(prefetch())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SpecT:
        for spec in self._batch:
            return spec
        self._batch = iter(await self._next_batch())
        for spec in self._batch:
            return spec
        raise StopAsyncIteration

    async def batches(self) -> AsyncIterator[list[SpecT]]:
        """Iterate over lists of specs, each of those that have arrived at once."""
        rest = list(self._batch)
        if rest:
            yield rest
        while batch := await self._next_batch():
            yield batch

    async def _next_batch(self) -> list[SpecT]:
        self._check_open()
        if self._stream is None or self._is_reading:
            raise MisuseError("another task is already iterating over this stream")
        self._is_reading = True
        try:
            return await self._stream.batch()
        finally:
            self._is_reading = False
