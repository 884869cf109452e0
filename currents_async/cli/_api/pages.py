"""All pages of a list, whichever way it is paginated."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from currents_async.cli._api.fields import Parameter, Query
from currents_async.cli._api.output import json_of
from currents_async.errors import InvalidArgumentError, PaginationError

if TYPE_CHECKING:
    from currents_async import RawResponse

Fetch = Callable[[Query], Awaitable["RawResponse"]]
"""Sends a request with a query."""
Pages = AsyncGenerator[tuple["RawResponse", list[Any]], None]
"""Responses, each with its items."""

_MAX_STALE_PAGES = 20
"""Pages in a row without anything new. A list that grows at its head may have a few."""


async def pages_of(fetch: Fetch, path: str, query: Query) -> Pages:
    """Go over the pages that have something new, each with its items."""
    asked, pages = list(query), _Pages(path)
    while True:
        response = await fetch(asked)
        items, following = _page_of(json_of(response), asked)
        if pages.is_new(items):
            yield response, items
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
