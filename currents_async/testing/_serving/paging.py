"""Pages of lists, in the two ways in which the service pages.

Source: `docs/api/base.md`, "Pagination".
"""

import base64
import binascii
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Literal, TypeVar

import msgspec

from currents_async.testing._serving.api_request import ApiRequest
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._world.facts import Wire

T = TypeVar("T")

MAX_LIMIT = 100
"""The longest page, also where one source says 50 and another one 100."""
_CURSOR_LIMIT = 10
_PAGE_LIMIT = 50


class CursorRequest(msgspec.Struct, frozen=True):
    """Which page of a list with cursors is requested."""

    of: str
    """Names the list: the cursors of other lists are refused."""
    limit: int
    after: tuple[Any, ...] | None
    before: tuple[Any, ...] | None

    def respond(
        self,
        items: Iterable[T],
        key: Callable[[T], tuple[Any, ...]],
        to_wire: Callable[[T], Wire],
        *,
        newest_first: bool = True,
    ) -> ApiResponse:
        """Return a page of a list in the order of its items' keys, which must be unique.

        A cursor is an encoded key, so it stays valid when items are added, or its own is deleted.
        """
        keyed = [(key(item), item) for item in items]
        keyed.sort(key=itemgetter(0), reverse=newest_first)
        cursor = self.before if self.after is None else self.after
        if cursor is not None:
            later = (self.before is not None) == newest_first
            keyed = [one for one in keyed if one[0] != cursor and (one[0] > cursor) == later]
        page = keyed[: self.limit] if self.before is None else keyed[-self.limit :]
        data = [{**to_wire(item), "cursor": _write_cursor(self.of, place)} for place, item in page]
        return ApiResponse(data, extra={"has_more": len(keyed) > len(page)})


def read_cursor_request(
    request: ApiRequest,
    *,
    max_limit: int = MAX_LIMIT,
    default: int = _CURSOR_LIMIT,
    order: str = "",
) -> CursorRequest:
    """Read the parameters of a list with cursors, which are good for one `order`."""
    of = ":".join([request.operation, *request.path_args.values(), order])
    after, before = request.text("starting_after"), request.text("ending_before")
    if after is not None and before is not None:
        raise RefusedError(400, "starting_after and ending_before are mutually exclusive")
    return CursorRequest(
        of,
        request.number("limit", default, min_value=1, max_value=max_limit),
        None if after is None else _read_cursor(of, after, "starting_after"),
        None if before is None else _read_cursor(of, before, "ending_before"),
    )


class PageRequest(msgspec.Struct, frozen=True):
    """Which page of a list with numbered pages is requested."""

    number: int
    limit: int

    def cut(self, items: Sequence[T]) -> tuple[Sequence[T], int | Literal[False]]:
        """Return the requested page, and the number of the next one, False if there is none."""
        start = self.number * self.limit
        page = items[start : start + self.limit]
        more = bool(page) and start + len(page) < len(items)
        return page, self.number + 1 if more else False

    def respond(
        self, items: Sequence[T], to_wire: Callable[[T], Wire], extra: Wire | None = None
    ) -> ApiResponse:
        """Respond with the requested page."""
        page, following = self.cut(items)
        return ApiResponse({
            "list": [to_wire(item) for item in page],
            "total": len(items),
            "nextPage": following,
            "count": len(page),
            **(extra or {}),
        })


def read_page_request(
    request: ApiRequest, *, max_limit: int = MAX_LIMIT, default: int = _PAGE_LIMIT
) -> PageRequest:
    """Read the parameters of a list with numbered pages."""
    return PageRequest(
        request.number("page", 0, min_value=0),
        request.number("limit", default, min_value=1, max_value=max_limit),
    )


def cache_key(request: ApiRequest) -> tuple[Hashable, ...]:
    """Return what items can be cached under: the request, whichever page it is for."""
    rest = tuple(pair for pair in request.query if pair[0] not in {"page", "limit"})
    return (request.operation, tuple(request.path_args.values()), rest)


def _write_cursor(of: str, key: tuple[Any, ...]) -> str:
    text = msgspec.json.encode(key)
    sealed = zlib.crc32(of.encode() + text).to_bytes(4, "big") + text
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _read_cursor(of: str, cursor: str, name: str) -> tuple[Any, ...]:
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    seal, text = sealed[:4], sealed[4:]
    if len(text) == 0 or zlib.crc32(of.encode() + text).to_bytes(4, "big") != seal:
        raise RefusedError(400, f"{name} is not a cursor of this list")
    return tuple(msgspec.json.decode(text))
