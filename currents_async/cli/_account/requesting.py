"""Requests that no command is for."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

import msgspec

from currents_async import Currents, PaginationError
from currents_async._wire.endpoint import Method
from currents_async.cli import _exit
from currents_async.cli._input import read_json
from currents_async.cli._output.lines import safe_json
from currents_async.cli._streams import machine_stdout
from currents_async.errors import InvalidArgumentError

Query = list[tuple[str, str]]


async def send(
    currents: Currents,
    *,
    method: Method,
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
    sent = None if body is None else await asyncio.to_thread(read_json, body, object)
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
    turned: Query = []
    while True:
        answer = await currents.request("GET", path, query=[*query, *turned])
        envelope: Any = answer.json()
        items, following = _page_of(envelope)
        for item in items:
            yield item
        if following is None:
            return
        if [following] == turned:
            raise PaginationError(f"the pages of {path} lead in a circle, at {following[1]!r}")
        turned = [following]


def _page_of(envelope: Any) -> tuple[list[Any], tuple[str, str] | None]:
    """Return the items of a page, and what asks for the next one."""
    match envelope:
        case {"data": [*items], "has_more": True} if items:
            return items, ("starting_after", _cursor_of(items[-1]))
        case {"data": [*items]}:
            return items, None
        case {"data": {"list": [*items], "nextPage": int(number)}} if number is not False:
            return items, ("page", str(number))
        case {"data": {"list": [*items]}}:
            return items, None
        case _:
            raise InvalidArgumentError("the answer is no list: leave --paginate out")


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
