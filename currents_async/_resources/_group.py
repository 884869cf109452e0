"""What the groups of operations have in common."""

from collections.abc import Awaitable, Callable
from copy import copy
from functools import wraps
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

from currents_async._checks import check_concurrency
from currents_async._pagination import CursorPager, Listing, PagePager
from currents_async._transport import RawResponse, Transport
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.query import Query
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model
from currents_async.models.pages import CursorPage, NumberedPage

T = TypeVar("T")
P = TypeVar("P", bound="CursorPage[Any] | NumberedPage[Any]")


class Group:
    """A group of operations, carried by one transport."""

    __slots__ = ("_project_id", "_transport")

    _compound: ClassVar[frozenset[str]] = frozenset()
    """Methods that are more than one operation, and have no raw answer."""

    def __init__(self, transport: Transport, project_id: str | None) -> None:
        self._transport = transport
        self._project_id = project_id

    @property
    def raw(self) -> "RawView":
        """The same operations, with answers as they are: status, headers and undecoded bytes.

        `await currents.runs.raw.get(run_id)`; of a list it is one page.
        """
        group = copy(self)
        group._transport = self._transport.raw()  # noqa: SLF001 - a copy of ourselves
        return RawView(group, self._compound)

    def _project(self, project_id: str | None) -> str:
        """Return the project an operation is about: its argument, else the client's."""
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
        # Who is not among those in flight would only wait in line, and its time would run.
        return min(check_concurrency("concurrency", concurrency), maximum)

    def _cursor_pager(
        self,
        endpoint: Endpoint[CursorPage[T]],
        path: dict[str, str] | None = None,
        query: Query = (),
        **options: Any,
    ) -> CursorPager[T]:
        """Return a pager over items that carry a `cursor`; `options` are the pager's."""
        return CursorPager(
            self._listing(endpoint, path, query), cursor=attrgetter("cursor"), **options
        )

    def _page_pager(
        self,
        endpoint: Endpoint[NumberedPage[T]],
        path: dict[str, str] | None = None,
        query: Query = (),
        *,
        key: Callable[[T], str | None],
        **options: Any,
    ) -> PagePager[T]:
        """Return a pager over numbered pages; `key` tells items apart."""
        return PagePager(self._listing(endpoint, path, query), key=key, **options)

    def _listing(
        self, endpoint: Endpoint[P], path: dict[str, str] | None, query: Query
    ) -> Listing[P]:
        # Made once for its checks, which are to come before anything is sent.
        whole = endpoint.request(path, query=query)

        async def fetch(page: Query) -> P:
            return await self._transport.call(endpoint.request(path, query=[*query, *page]))

        return Listing(endpoint.operation, whole.target, fetch)


def whole_item(item: Model) -> str:
    """Tell items of a list apart by all that is said of them, where no key is documented."""
    return item.to_json().decode()


class RawView:
    """The operations of a group by the same names and arguments, with undecoded answers."""

    __slots__ = ("_compound", "_group")

    def __init__(self, group: Group, compound: frozenset[str]) -> None:
        self._group = group
        self._compound = compound

    def __getattr__(self, name: str) -> Callable[..., Awaitable[RawResponse]]:
        operation: Callable[..., Any] = getattr(self._group, name)
        if name.startswith("_") or name in self._compound or not callable(operation):
            raise AttributeError(f"{name} is no single operation: it has no raw answer")

        @wraps(operation)
        async def call(*args: Any, **kwargs: Any) -> RawResponse:
            answer: RawResponse = await operation(*args, **kwargs)
            return answer

        return call

    def __dir__(self) -> list[str]:
        names = (name for name in dir(self._group) if not name.startswith("_") and name != "raw")
        return [name for name in names if name not in self._compound]
