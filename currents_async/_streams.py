"""A run whose specs arrive while its body is still coming."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Generic, Self, TypeVar

from currents_async._scope import TaskScope, enter_task_group
from currents_async._transport import Answer
from currents_async.models.runs import Run

SpecT = TypeVar("SpecT")


class RunStream(TaskScope, Generic[SpecT]):
    """The specs of a run as they arrive: an async context manager, and inside it an iterator.

    Iterate over single specs, or over `batches()` of them, which is faster. The body is taken off
    the network as fast as it comes, compressed, and decoded as fast as it is iterated over.
    """

    _reused = "this stream has been used: ask for another one"

    def __init__(self, answer: Answer[SpecT, Run]) -> None:
        super().__init__()
        self._answer = answer
        self._batch: Iterator[SpecT] = iter(())

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        return self._answer.data

    async def _open(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._answer)
        group = await enter_task_group(stack)
        group.start_soon(self._answer.prefetch())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SpecT:
        for spec in self._batch:
            return spec
        for spec in await self._next_batch():
            return spec
        raise StopAsyncIteration

    async def batches(self) -> AsyncIterator[list[SpecT]]:
        """Iterate over lists of specs, each as long as what has arrived at once."""
        rest = list(self._batch)
        if rest:
            yield rest
        while batch := await self._answer.batch():
            yield batch

    async def _next_batch(self) -> Iterator[SpecT]:
        self._batch = iter(await self._answer.batch())
        return self._batch
