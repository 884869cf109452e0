"""Pages of lists, in the two ways the API has of turning them.

Source: `docs/api/base.md`, "Pagination".
"""

from typing import Generic, TypeVar

import msgspec

__all__ = ["CursorPage", "NumberedPage", "UnreadableItem"]

T = TypeVar("T")


class UnreadableItem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An item that was left out of a page, because nothing says what it is, or it is no object."""

    position: int
    """Its index among the items of the page as the server sent them, counted from 0."""
    reason: str
    """What is wrong with it, as in "Object missing required field `runId`"; it quotes no value."""
    cursor: str | None = None
    """Where it is in the list, if it says so."""


class CursorPage(msgspec.Struct, Generic[T], frozen=True, gc=False, kw_only=True):
    """A page whose items carry cursors: the next one begins behind the last item's."""

    items: tuple[T, ...] = ()
    has_more: bool = False
    unreadable: tuple[UnreadableItem, ...] = ()
    """Items that were left out; a warning on the logger `currents_async` tells of them too."""


class NumberedPage(msgspec.Struct, Generic[T], frozen=True, gc=False, kw_only=True, rename="camel"):
    """A page with a number, counted from 0."""

    items: tuple[T, ...] = msgspec.field(default=(), name="list")
    total: int = 0
    """How many items there are on all pages."""
    next_page: int | bool | None = None
    """The number of the next page; False, or nothing, when this is the last."""
    count: int | None = None
    unreadable: tuple[UnreadableItem, ...] = msgspec.field(default=(), name="(unreadable)")
    """Items that were left out; a warning on the logger `currents_async` tells of them too."""

    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        return self.next_page is not None and self.next_page is not False
