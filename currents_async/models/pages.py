"""Pages of lists, in the two ways the API has of turning them.

Source: "Pagination" in `operations.md`.
"""

from typing import Generic, TypeVar

import msgspec

__all__ = ["CursorPage", "NumberedPage"]

T = TypeVar("T")


class CursorPage(msgspec.Struct, Generic[T], frozen=True, gc=False, kw_only=True):
    """A page whose items carry cursors: the next one begins behind the last item's."""

    items: tuple[T, ...] = ()
    has_more: bool = False


class NumberedPage(msgspec.Struct, Generic[T], frozen=True, gc=False, kw_only=True, rename="camel"):
    """A page with a number, counted from 0."""

    items: tuple[T, ...] = msgspec.field(default=(), name="list")
    total: int = 0
    """How many items there are on all pages."""
    next_page: int | bool | None = None
    """The number of the next page; False, or nothing, when this is the last."""
    count: int | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        return self.next_page is not None and self.next_page is not False
