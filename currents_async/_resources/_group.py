"""What the groups of operations have in common."""

from collections.abc import Awaitable, Callable
from copy import copy
from functools import wraps
from typing import Any, TypeVar

from currents_async._checks import check_concurrency
from currents_async._pagination import Listing
from currents_async._transport import RawResponse, Transport
from currents_async._wire.endpoint import Endpoint, Query, Request
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model
from currents_async.models.pages import CursorPage, NumberedPage

P = TypeVar("P", bound="CursorPage[Any] | NumberedPage[Any]")
T = TypeVar("T")
MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def compound(method: MethodT) -> MethodT:
    """Mark a method that is not one operation of the API, and so has no raw response."""
    vars(method)["_is_compound"] = True
    return method


def is_compound(method: object) -> bool:
    return hasattr(method, "_is_compound")


class Group:
    """A group of operations, which raise what `Currents` says."""

    # A method called `list` comes last in its class: after it, `list` is not the built-in type.

    __slots__ = ("_project_id", "_transport")

    def __init__(self, transport: Transport, project_id: str | None) -> None:
        self._transport = transport
        self._project_id = project_id

    def __repr__(self) -> str:
        if not hasattr(self, "_transport"):
            return f"<{type(self).__name__}>"  # that of the class `Currents`, for `create_autospec`
        return f"<{type(self).__name__} of {self._transport.channel.base_url}>"

    @property
    def raw(self) -> "RawView":
        """The same operations, which return the status, the headers and the undecoded bytes.

        `await currents.runs.raw.get(run_id)`; of a list, it is one page.
        """
        group = copy(self)
        group._transport = self._transport.raw()  # noqa: SLF001 - our own copy
        return RawView(group)

    def _project(self, project_id: str | None) -> str:
        """Return the ID of the project of an operation: its argument, else the client's."""
        project = project_id or self._project_id
        if project is None:
            raise InvalidArgumentError(
                "no project: pass project_id= to the call or the client, or set CURRENTS_PROJECT_ID"
            )
        return project

    def _concurrency(self, concurrency: int | None) -> int:
        maximum = self._transport.channel.limits.concurrency
        if concurrency is None:
            return maximum
        # More workers would only queue for a slot, while the time of their calls runs.
        return min(check_concurrency("concurrency", concurrency), maximum)

    async def _write(
        self, request: Request[T], *, retry_ambiguous: bool, already: T | None = None
    ) -> T:
        """Send a write; with `retry_ambiguous` again, although it may have been carried out.

        `already` is as in `Transport.call`.
        """
        options = self._transport.options(repeat_writes=retry_ambiguous)
        return await self._transport.call(request, options, already=already)

    def _listing(self, endpoint: Endpoint[P], query: Query = (), **path: str) -> Listing[P]:
        """Return a list for a pager, with its arguments checked."""
        unpaged = endpoint.request(path, query=query)

        async def fetch(page: Query) -> P:
            return await self._transport.call(endpoint.request(path, query=[*query, *page]))

        return Listing(
            endpoint.operation, unpaged.target, fetch, endpoint.max_limit, endpoint.returns
        )


def whole_item(item: Model) -> str:
    """Return all of an item, as the key of items that have none."""
    return item.to_json().decode()


class RawView:
    """The operations of a group, with the same names and arguments, but with raw responses."""

    __slots__ = ("_group",)

    def __init__(self, group: Group) -> None:
        self._group = group

    def __repr__(self) -> str:
        return f"<RawView of {self._group!r}>"

    def __getattr__(self, name: str) -> Callable[..., Awaitable[RawResponse]]:
        operation: Callable[..., Any] = getattr(self._group, name)
        if name.startswith("_") or is_compound(operation) or not callable(operation):
            raise AttributeError(f"{name} is not a single request, so it has no raw response")

        @wraps(operation)
        async def call(*args: Any, **kwargs: Any) -> RawResponse:
            sending: Awaitable[RawResponse] = operation(*args, **kwargs)
            del args, kwargs  # a traceback with locals shows no record key
            return await sending

        return call

    def __dir__(self) -> list[str]:
        names = (name for name in dir(self._group) if not name.startswith("_") and name != "raw")
        return [name for name in names if not is_compound(getattr(self._group, name))]
