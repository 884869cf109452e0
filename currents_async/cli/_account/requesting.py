"""Requests that no command is for."""

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from hashlib import sha256
from typing import Any

import msgspec

from currents_async import Currents, PaginationError
from currents_async.cli import _exit
from currents_async.cli._options import read_json
from currents_async.cli._output.writers import safe_json
from currents_async.cli._streams import machine_stdout
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import HTTPMethod

Parameter = tuple[str, str]
Query = list[Parameter]

_MAX_STALE_PAGES = 20
"""Pages in a row without anything new. A list that grows at its head may have a few."""


async def send(
    currents: Currents,
    *,
    method: HTTPMethod,
    path: str,
    query: Sequence[str],
    body: str | None,
    paginate: bool,
) -> int:
    """Send a request and print its answer, or all items of a list."""
    pairs = [_read_pair(text) for text in query]
    if paginate:
        if method != "GET" or body is not None:
            raise InvalidArgumentError("only lists have pages: --paginate goes with GET alone")
        async with aclosing(_items(currents, path, pairs)) as items:
            async for item in items:
                machine_stdout().write(safe_json(msgspec.json.encode(item)) + "\n")
        return _exit.OK
    sent = None if body is None else await read_json(body, object)
    answer = await currents.request(method, path, query=pairs, body=sent)
    _print(answer.body)
    return _exit.OK


def _print(body: bytes) -> None:
    """Print an answer, JSON indented for people."""
    text = body
    if sys.stdout.isatty():
        with suppress(msgspec.DecodeError):
            text = msgspec.json.format(body, indent=2)
    machine_stdout().write(safe_json(text).rstrip("\n") + "\n")


async def _items(currents: Currents, path: str, query: Query) -> AsyncGenerator[Any]:
    """Go over the items of a list, whichever way its pages are turned."""
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
    """What there was of a list, to notice when it leads nowhere."""

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
        case {"data": [*items], "has_more": True} if items:
            return items, ("starting_after", _cursor_of(items[-1]))
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


def _cursor_of(item: Any) -> str:
    match item:
        case {"cursor": str(cursor)}:
            return cursor
        case _:
            raise PaginationError("there is another page, but the last item has no cursor")


def _read_pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise InvalidArgumentError(f"query must be NAME=VALUE, not {text!r}")
    return name, value
