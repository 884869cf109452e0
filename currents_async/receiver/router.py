"""Calls the functions that are registered for an event."""

import inspect
import math
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar, overload

from currents_async._clock import SystemClock
from currents_async.errors import InvalidArgumentError
from currents_async.receiver._handling import Handler, run_handlers
from currents_async.receiver.events import RunEvent

A = TypeVar("A", bound=RunEvent)
B = TypeVar("B", bound=RunEvent)
C = TypeVar("C", bound=RunEvent)
D = TypeVar("D", bound=RunEvent)
R = TypeVar("R", bound=Awaitable[None])


class _Route(NamedTuple):
    kinds: tuple[type[RunEvent], ...]
    handle: Handler


class _Registration(Generic[A]):
    """Registers a function for events of some kinds."""

    def __init__(self, kinds: tuple[type[RunEvent], ...], routes: list[_Route]) -> None:
        self._kinds = kinds
        self._routes = routes

    def __call__(self, handler: Callable[[A], R]) -> Callable[[A], R]:
        if not _is_async(handler):
            name = getattr(handler, "__qualname__", type(handler).__qualname__)
            raise InvalidArgumentError(
                f"{name} is not an async function, and could block the event loop: "
                "register an `async def` that calls it"
            )
        self._routes.append(_Route(self._kinds, handler))
        return handler


class Router:
    """Calls the functions registered for the kind of an event, in the order of registration.

    ```python
    router = Router()


    @router.on(RunFinished, RunTimedOut)
    async def on_end(event: RunFinished | RunTimedOut) -> None: ...
    ```
    """

    def __init__(self) -> None:
        self._routes: list[_Route] = []

    @overload
    def on(self, one: type[A], /) -> _Registration[A]: ...

    @overload
    def on(self, one: type[A], two: type[B], /) -> _Registration[A | B]: ...

    @overload
    def on(self, one: type[A], two: type[B], three: type[C], /) -> _Registration[A | B | C]: ...

    @overload
    def on(
        self, one: type[A], two: type[B], three: type[C], four: type[D], /
    ) -> _Registration[A | B | C | D]: ...

    def on(self, *kinds: type[RunEvent]) -> _Registration[Any]:
        """Register an async function for events of these kinds; `RunEvent` means all of them.

        As a decorator it returns the function unchanged. The function may also be a method, a
        partial of one, or an object with an async `__call__`. Raises `InvalidArgumentError` without
        a kind, for anything that is not one, and for a function that is not `async def`.
        """
        if not kinds or not all(_is_kind(kind) for kind in kinds):
            raise InvalidArgumentError(
                "pass event classes: on(RunFinished), or on(RunEvent) for all"
            )
        return _Registration(kinds, self._routes)

    def handlers_of(self, event: RunEvent) -> list[Handler]:
        """Return the functions registered for an event, in the order of registration."""
        return [route.handle for route in self._routes if isinstance(event, route.kinds)]

    async def dispatch(self, event: RunEvent) -> None:
        """Call the functions one after the other; an error does not stop the others.

        Each runs in a task of its own, without a time limit. Raises the error, or an
        `ExceptionGroup` of several; a function that cancels itself raises `UnfinishedError`.
        """
        handlers = self.handlers_of(event)
        await run_handlers(handlers, event, seconds=math.inf, clock=SystemClock())


def _is_kind(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, RunEvent)


def _is_async(handler: object) -> bool:
    # A plain function might return an awaitable, but only after its body has run.
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(type(handler), "__call__", None)  # noqa: B004 - of the class, as Python calls it
    )
