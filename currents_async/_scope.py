"""What runs tasks of its own: entered once, and nothing of it runs on after it is left."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

import anyio

if TYPE_CHECKING:  # anyio loads its parts when they are first used
    from anyio.abc import TaskGroup


class TaskScope:
    """Base of async context managers with tasks; leaving one cancels them.

    An error in the body of `async with` leaves as itself, not in an ExceptionGroup.
    """

    _reused: ClassVar[str]
    """What to say to who enters it twice."""

    def __init__(self) -> None:
        self._stack: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise RuntimeError(self._reused)
        self._stack = AsyncExitStack()
        async with AsyncExitStack() as stack:
            await self._open(stack)
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

    async def _open(self, stack: AsyncExitStack) -> None:
        """Enter what the tasks need, then start them; the stack leaves it in reverse."""
        raise NotImplementedError


async def enter_task_group(stack: AsyncExitStack) -> "TaskGroup":
    """Enter a task group that is cancelled when the stack is closed."""
    group = await stack.enter_async_context(anyio.create_task_group())
    stack.callback(group.cancel_scope.cancel)
    return group
