"""A run whose specs arrive while its body is still coming."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio

from currents_async._transport import Answer
from currents_async.models.runs import Run

SpecT = TypeVar("SpecT")


class RunStream(Generic[SpecT]):
    """The specs of a run as they arrive: an async context manager, and inside it an iterator.

    Iterate over single specs, or over `batches()` of them, which is faster. The body is taken off
    the network as fast as it comes, compressed, and decoded as fast as it is iterated over.
    """

    def __init__(self, answer: Answer[SpecT, Run]) -> None:
        self._answer = answer
        self._stack: AsyncExitStack | None = None
        self._batch: Iterator[SpecT] = iter(())

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        return self._answer.data

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise RuntimeError("this stream has been used: ask for another one")
        self._stack = AsyncExitStack()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._answer)
            group = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(group.cancel_scope.cancel)
            group.start_soon(self._answer.prefetch())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stack is not None:
            # Closed, not exited with `exc`: the task group would wrap it in an ExceptionGroup.
            await self._stack.aclose()

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
