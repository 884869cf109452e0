"""Which functions are to be called for which event."""

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
    """Takes a function for events of some kinds."""

    def __init__(self, kinds: tuple[type[RunEvent], ...], routes: list[_Route]) -> None:
        self._kinds = kinds
        self._routes = routes

    def __call__(self, handler: Callable[[A], R]) -> Callable[[A], R]:
        if not _is_async(handler):
            name = getattr(handler, "__qualname__", type(handler).__qualname__)
            raise InvalidArgumentError(
                f"{name} is not an async function, and could block the event loop: "
                "register an `async def`, which calls it"
            )
        self._routes.append(_Route(self._kinds, handler))
        return handler


class Router:
    """Calls what was registered for the kind of an event, in the order of registration.

    ```python
    router = Router()


    @router.on(RunFinished, RunTimedOut)
    async def tell(event: RunFinished | RunTimedOut) -> None: ...
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
        """Have an async function called for events of these kinds; `RunEvent` is all of them.

        Used as a decorator it leaves the function as it is. It may also be a method, a partial of
        one, or an object whose `__call__` is one. Raises `InvalidArgumentError` where there is no
        kind, or something else, and for what is not `async def`, such as a lambda.
        """
        if not kinds or not all(_is_kind(kind) for kind in kinds):
            raise InvalidArgumentError("say which events: on(RunFinished), or on(RunEvent) for all")
        return _Registration(kinds, self._routes)

    def handlers_of(self, event: RunEvent) -> list[Handler]:
        """Return the functions that are to be called for an event, in the order of registration."""
        return [route.handle for route in self._routes if isinstance(event, route.kinds)]

    async def dispatch(self, event: RunEvent) -> None:
        """Call one function after the other; an error does not keep the others from their turn.

        Each runs in a task of its own, without a limit of time. Raises the error, or an
        `ExceptionGroup` of several; a function that cancels itself is an `UnfinishedError`.
        """
        handlers = self.handlers_of(event)
        await run_handlers(handlers, event, seconds=math.inf, clock=SystemClock())


def _is_kind(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, RunEvent)


def _is_async(handler: object) -> bool:
    # Of another function, what it returns is not known before it has done what it does.
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(type(handler), "__call__", None)  # noqa: B004 - of the class, as Python calls it
    )
