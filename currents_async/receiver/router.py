"""Which functions are to be called for which event."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar, overload

from currents_async.errors import InvalidArgumentError
from currents_async.receiver.events import RunEvent

A = TypeVar("A", bound=RunEvent)
B = TypeVar("B", bound=RunEvent)
C = TypeVar("C", bound=RunEvent)
D = TypeVar("D", bound=RunEvent)
R = TypeVar("R", bound=Awaitable[None])


class _Route(NamedTuple):
    kinds: tuple[type[RunEvent], ...]
    handle: Callable[[Any], Awaitable[None]]


class _Registration(Generic[A]):
    """Takes a function for events of some kinds."""

    def __init__(self, kinds: tuple[type[RunEvent], ...], routes: list[_Route]) -> None:
        self._kinds = kinds
        self._routes = routes

    def __call__(self, handler: Callable[[A], R]) -> Callable[[A], R]:
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

        Used as a decorator it leaves the function as it is. Raises `InvalidArgumentError` where
        there is no kind, or something else.
        """
        if not kinds or not all(_is_kind(kind) for kind in kinds):
            raise InvalidArgumentError("say which events: on(RunFinished), or on(RunEvent) for all")
        return _Registration(kinds, self._routes)

    async def dispatch(self, event: RunEvent) -> None:
        """Call one function after the other; an error does not keep the others from their turn.

        Raises the error, or an `ExceptionGroup` of several.
        """
        errors: list[Exception] = []
        for route in self._routes:
            if isinstance(event, route.kinds):
                try:
                    await route.handle(event)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
                    errors.append(error)
        try:
            if len(errors) == 1:
                raise errors[0]
            if errors:
                raise ExceptionGroup(f"{len(errors)} handlers of {event.name!r} failed", errors)
        finally:
            del errors  # with their tracebacks they would keep themselves alive


def _is_kind(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, RunEvent)
