"""Pages of lists, in the API's two kinds of pagination.

Source: `docs/api/base.md`, "Pagination".
"""

from typing import Any, Generic, TypeVar, get_args

import msgspec

from currents_async.models._brief import brief

__all__ = ["CursorPage", "NumberedPage", "UnreadableItem"]

T = TypeVar("T")


class UnreadableItem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An item that was left out of a page: it lacks what identifies it, or is not an object."""

    position: int
    """Its index among the items that the server sent, from 0."""
    reason: str
    """Why, for example "Object missing required field `runId`"; no value is quoted."""
    cursor: str | None = None
    """Its position in the list, if it has one."""


class CursorPage(msgspec.Struct, Generic[T], frozen=True, gc=False, kw_only=True):
    """A page whose items have cursors; the next page begins after the last item's."""

    items: tuple[T, ...] = ()
    has_more: bool = False
    unreadable: tuple[UnreadableItem, ...] = ()
    """Items that were left out; the logger `currents_async` warns of them too."""

    def __repr__(self) -> str:
        return brief("CursorPage", "", self.__rich_repr__())


class NumberedPage(msgspec.Struct, Generic[T], frozen=True, gc=False, kw_only=True, rename="camel"):
    """A page with a number, counted from 0."""

    items: tuple[T, ...] = msgspec.field(default=(), name="list")
    total: int = 0
    """How many items there are on all pages."""
    next_page: int | bool | None = None
    """The number of the next page; False or None if this is the last."""
    count: int | None = None
    unreadable: tuple[UnreadableItem, ...] = msgspec.field(default=(), name="(unreadable)")
    """Items that were left out; the logger `currents_async` warns of them too."""

    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        return self.next_page is not None and self.next_page is not False

    def __repr__(self) -> str:
        return brief("NumberedPage", "", self.__rich_repr__())


def item_type(page: Any) -> Any:
    """Return the type of the items of a type of pages."""
    [items] = [one.type for one in msgspec.structs.fields(page) if one.name == "items"]
    return get_args(items)[0]
