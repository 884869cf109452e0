"""How the pages of a list are turned, whatever it is that tells one from the next."""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, Self, TypeVar

import msgspec

from currents_async._config import check_count
from currents_async._pagination.tokens import Place, hash_key
from currents_async.models.pages import CursorPage, NumberedPage

T = TypeVar("T")
P = TypeVar("P", bound="CursorPage[Any] | NumberedPage[Any]")


class Turning(Generic[T, P]):
    """Base of both ways: what to ask for, and which place an answer leads to."""

    def __init__(self, operation: str, key: Callable[[T], str | None], page_size: int) -> None:
        self.operation = operation
        self.key = key
        self.page_size: int = check_count("page_size", page_size)

    def in_pages_of(self, most: int) -> Self:
        """Return the same, with pages of so many items at most."""
        smaller = copy(self)
        smaller.page_size = min(self.page_size, most)
        return smaller

    def mark(self, item: T) -> int:
        """Return what tells an item from others: its key, else all of it."""
        key = self.key(item)
        return hash_key(msgspec.json.encode(item).decode() if key is None else key)

    def query(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Return what asks for the page at a place."""
        raise NotImplementedError

    def items(self, place: Place, page: P) -> tuple[T, ...]:
        """Return what a page has behind the place it was asked for, in order."""
        raise NotImplementedError

    def following(self, place: Place, page: P) -> Place | None:
        """Return the place of the next page, where the page leads to one."""
        raise NotImplementedError

    def behind(self, item: T, place: Place, last: Place) -> Place:
        """Return where to go on after an item of the page at `place`, `last` being where before."""
        raise NotImplementedError
