"""Pages of lists, in the two ways the service has of turning them.

Source: `docs/api/base.md`, "Pagination".
"""

import base64
import binascii
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from currents_async.testing._serving.call import Call
from currents_async.testing._serving.params import Params
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._world.facts import Wire

T = TypeVar("T")

MOST = 100
"""The longest page, also where one source says 50 and another one 100."""
_CURSOR_LIMIT = 10
_PAGE_LIMIT = 50


class Slice(msgspec.Struct, frozen=True):
    """What part of a list with cursors is asked for."""

    of: str
    """Which list it is: the cursors of others are refused."""
    limit: int
    after: tuple[Any, ...] | None
    before: tuple[Any, ...] | None

    def reply(
        self,
        items: Iterable[T],
        key: Callable[[T], tuple[Any, ...]],
        spell: Callable[[T], Wire],
        *,
        newest_first: bool = True,
    ) -> Reply:
        """Return a page of a list in the order of its items' keys, of which no two are the same.

        A cursor is a key in disguise. So it stays good when items are added, or its own is gone.
        """
        keyed = sorted(((key(item), item) for item in items), key=_key, reverse=newest_first)
        cursor = self.before if self.after is None else self.after
        if cursor is not None:
            later = (self.before is not None) == newest_first
            keyed = [one for one in keyed if one[0] != cursor and (one[0] > cursor) == later]
        page = keyed[: self.limit] if self.before is None else keyed[-self.limit :]
        data = [{**spell(item), "cursor": _write_cursor(self.of, place)} for place, item in page]
        return Reply(lambda: data, extra={"has_more": len(keyed) > len(page)})


def read_slice(
    asked: Params, call: Call, operation: str, *, most: int = MOST, default: int = _CURSOR_LIMIT
) -> Slice:
    """Read the parameters of a list with cursors."""
    of = ":".join([operation, *call.path_args.values()])
    after, before = asked.text("starting_after"), asked.text("ending_before")
    if after is not None and before is not None:
        raise Refusal(400, "starting_after and ending_before are mutually exclusive")
    return Slice(
        of,
        asked.number("limit", default, least=1, most=most),
        None if after is None else _read_cursor(of, after, "starting_after"),
        None if before is None else _read_cursor(of, before, "ending_before"),
    )


class Sheet(msgspec.Struct, frozen=True):
    """Which page of a list with numbered pages is asked for."""

    number: int
    limit: int

    def cut(self, items: Sequence[T]) -> "Page[T]":
        """Return the page that is asked for."""
        start = self.number * self.limit
        page = items[start : start + self.limit]
        more = bool(page) and start + len(page) < len(items)
        return Page(page, self.number + 1 if more else False)

    def reply(
        self, items: Sequence[T], spell: Callable[[T], Wire], extra: Wire | None = None
    ) -> Reply:
        """Answer with the page that is asked for."""
        page = self.cut(items)
        data: Wire = {
            "list": [spell(item) for item in page.items],
            "total": len(items),
            "nextPage": page.following,
            "count": len(page.items),
            **(extra or {}),
        }
        return Reply(lambda: data)


class Page(NamedTuple, Generic[T]):
    """Some items of a list, and the number of the next page, False when there is none."""

    items: Sequence[T]
    following: int | Literal[False]


def read_sheet(asked: Params, *, most: int = MOST) -> Sheet:
    """Read the parameters of a list with numbered pages."""
    default = min(_PAGE_LIMIT, most)
    return Sheet(
        asked.number("page", 0, least=0), asked.number("limit", default, least=1, most=most)
    )


def question(call: Call, operation: str) -> tuple[Hashable, ...]:
    """Return what is asked, whichever page of it: what an answer can be kept under."""
    rest = tuple(pair for pair in call.query if pair[0] not in {"page", "limit"})
    return (operation, tuple(call.path_args.values()), rest)


def _key(keyed: tuple[tuple[Any, ...], object]) -> tuple[Any, ...]:
    return keyed[0]


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
        raise Refusal(400, f"{name} is not a cursor of this list")
    return tuple(msgspec.json.decode(text))
