"""How to get from one page of a list to the next, by cursors or by numbers."""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, Self, TypeVar

import msgspec

from currents_async._checks import check_int
from currents_async._pagination.tokens import Position, hash_text
from currents_async.models.pages import CursorPage, NumberedPage

T = TypeVar("T")
P = TypeVar("P", bound="CursorPage[Any] | NumberedPage[Any]")


class Paging(Generic[T, P]):
    """Base of both kinds of paging: what to request, and which position a page leads to."""

    def __init__(self, operation: str, key: Callable[[T], str | None], page_size: int) -> None:
        self.operation = operation
        self.key = key
        self.page_size: int = check_int("page_size", page_size)

    def with_max_page_size(self, max_items: int) -> Self:
        """Return the same paging with pages of at most `max_items`."""
        smaller = copy(self)
        smaller.page_size = min(self.page_size, max_items)
        return smaller

    def fingerprint(self, item: T) -> int:
        """Return a hash that identifies an item: of its key, or else of all its fields."""
        key = self.key(item)
        return hash_text(msgspec.json.encode(item).decode() if key is None else key)

    def query(self, position: Position) -> tuple[tuple[str, str], ...]:
        """Return the query parameters of the page at a position."""
        raise NotImplementedError

    def items(self, position: Position, page: P) -> tuple[T, ...]:
        """Return the items of a page that come after the position it was requested for."""
        raise NotImplementedError

    def next_position(self, position: Position, page: P) -> Position | None:
        """Return the position of the next page; None if the page leads to none."""
        raise NotImplementedError

    def position_after(self, item: T, page_position: Position, previous: Position) -> Position:
        """Return the position after an item of the page at `page_position`.

        `previous` is the position before that item.
        """
        raise NotImplementedError
