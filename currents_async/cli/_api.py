"""`api`: requests that no other command sends."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts
import msgspec

from currents_async.cli._options import CONNECTION, Connection, File, Flag, Several, read_json
from currents_async.cli._streams import machine_stdout, safe_json
from currents_async.errors import InvalidArgumentError, PaginationError
from currents_async.models import HTTPMethod

if TYPE_CHECKING:
    from currents_async import Currents

Parameter = tuple[str, str]
Query = list[Parameter]

_MAX_STALE_PAGES = 20
"""Pages in a row without anything new. A list that grows at its head may have a few."""


async def api(
    method: HTTPMethod,
    path: str,
    /,
    *,
    query: Annotated[Several[str], cyclopts.Parameter(alias="-q")] = (),
    body: File | None = None,
    paginate: Flag = False,
    connection: Connection = CONNECTION,
) -> None:
    """Send any request, and print the JSON of the response as it came.

    Parameters
    ----------
    method
        The method of the request.
    path
        The path below the base URL, percent-encoded, as in /projects.
    query
        NAME=VALUE; several can be given, also of one name.
    body
        A file with the JSON to send; - is stdin.
    paginate
        Fetch all pages of a list, and print each item on a line of its own.

    """
    pairs = [_read_pair(text) for text in query]
    if paginate and (method != "GET" or body is not None):
        raise InvalidArgumentError("only lists have pages: --paginate goes with GET alone")
    async with connection.open() as currents:
        if paginate:
            async with aclosing(_items(currents, path, pairs)) as items:
                async for item in items:
                    machine_stdout().write(safe_json(msgspec.json.encode(item)) + "\n")
        else:
            sent = None if body is None else await read_json(body, object)
            response = await currents.request(method, path, query=pairs, body=sent)
            _print(response.body)


def _read_pair(text: str) -> Parameter:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise InvalidArgumentError(f"--query must be NAME=VALUE, not {text!r}")
    return name, value


def _print(body: bytes) -> None:
    """Print a response, JSON indented for people."""
    text = body
    if sys.stdout.isatty():
        with suppress(msgspec.DecodeError):
            text = msgspec.json.format(body, indent=2)
    machine_stdout().write(safe_json(text).rstrip("\n") + "\n")


async def _items(currents: "Currents", path: str, query: Query) -> AsyncGenerator[Any]:
    """Go over the items of a list, whichever way it is paginated."""
    asked, pages = list(query), _Pages(path)
    while True:
        response = await currents.request("GET", path, query=asked)
        items, following = _page_of(response.json(), asked)
        if pages.is_new(items):
            for item in items:
                yield item
        if following is None:
            return
        pages.check(following)
        asked = [*query, following]


class _Pages:
    """The pages so far, to notice when a list leads nowhere.

    Stricter lists notice it by their items, whose models this one does not know.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = set[bytes]()
        self._asked = set[Parameter]()
        self._stale = 0

    def is_new(self, items: list[Any]) -> bool:
        """Return whether a page has items, and was not there before."""
        page = sha256(msgspec.json.encode(items)).digest()
        is_new = bool(items) and page not in self._seen
        self._seen.add(page)
        self._stale = 0 if is_new else self._stale + 1
        return is_new

    def check(self, following: Parameter) -> None:
        """Raise `PaginationError` where asking for the next page leads nowhere."""
        if following in self._asked:
            raise PaginationError(f"the pages of {self._path} lead in a circle, at {following[1]}")
        if self._stale == _MAX_STALE_PAGES:
            raise PaginationError(
                f"{self._stale} pages of {self._path} in a row had nothing new, though the server "
                "says that there is more"
            )
        self._asked.add(following)


def _page_of(envelope: Any, asked: Query) -> tuple[list[Any], Parameter | None]:
    """Return the items of the page that a query asked for, and what asks for the next one."""
    match envelope:
        case {"data": [*items, {"cursor": str(cursor)} as last], "has_more": True}:
            return [*items, last], ("starting_after", cursor)
        case {"data": [_, *_], "has_more": True}:
            raise PaginationError("there is another page, but the last item has no cursor")
        case {"data": [*items]}:
            return items, None
        case {"data": {"list": [*items], "nextPage": True}}:
            page = dict(asked).get("page", "")
            return items, ("page", str(int(page) + 1 if page.isdecimal() else 1))
        case {"data": {"list": [*items], "nextPage": int() | float() as number}} if number:
            return items, ("page", str(int(number)))
        case {"data": {"list": [*items]}}:
            return items, None
        case _:
            raise InvalidArgumentError("the response is no list: leave --paginate out")
