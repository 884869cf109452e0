"""A run whose specs arrive while its body is still coming."""

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

    Iterate over single specs, or over `batches()` of them, which is faster. The body is taken off
    the network as fast as it comes, compressed, and decoded as fast as it is iterated over: the
    time that you take for the specs counts for no timeout.
    """

    _reused = "this stream has been used: ask for another one"

    def __init__(self, answer: Callable[[], ResponseStream[SpecT, Run]]) -> None:
        super().__init__()
        self._new_answer = answer
        self._answer: ResponseStream[SpecT, Run] | None = None
        self._batch: Iterator[SpecT] = iter(())
        self._is_reading = False

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        if self._answer is None:
            raise MisuseError("there is no run before the iteration has ended")
        return self._answer.data

    async def _open(self, stack: AsyncExitStack) -> None:
        self._answer = answer = await stack.enter_async_context(self._new_answer())
        prefetch = answer.prefetch()
        self._own_tasks(stack, on_end=answer.end_of_prefetch()).start(prefetch())

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
        """Iterate over lists of specs, each as long as what has arrived at once."""
        rest = list(self._batch)
        if rest:
            yield rest
        while batch := await self._next_batch():
            yield batch

    async def _next_batch(self) -> list[SpecT]:
        self._check_open()
        if self._answer is None or self._is_reading:
            raise MisuseError("another task is iterating over this stream already: let one do it")
        self._is_reading = True
        try:
            return await self._answer.batch()
        finally:
            self._is_reading = False
