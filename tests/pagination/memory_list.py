"""A list in memory, in pages with cursors or with numbers, and how to read it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import count

import msgspec
import pytest
from hypothesis import strategies as st

from currents_async._pagination import CursorPager, Listing, PagePager
from currents_async._wire.endpoint import Query
from currents_async.models import CursorPage, NumberedPage

sizes = st.integers(1, 70)
growths = st.lists(st.integers(0, 5), max_size=6)


class Item(msgspec.Struct, frozen=True):
    name: str
    cursor: str | None = None


def named(number: int) -> Item:
    return Item(f"item {number}", f"c{number}")


class MemoryList:
    """A list that grows at its head before the second page and further ones."""

    def __init__(
        self, length: int, growth: Iterable[int] = (), target: str = "/runs?tag=a"
    ) -> None:
        self.items = [named(number) for number in range(length)]
        self.original = list(self.items)
        self.growth = iter(growth)
        self.target = target
        self.queries: list[dict[str, str]] = []
        self._new = count(1_000)

    def grow(self, by: int) -> None:
        for _ in range(by):
            self.items.insert(0, named(next(self._new)))

    def _note(self, query: Query) -> dict[str, str]:
        asked = dict(query)
        assert len(asked) == len(query)
        if self.queries:
            self.grow(next(self.growth, 0))
        self.queries.append(asked)
        return asked

    def _index(self, cursor: str) -> int:
        return next(index for index, item in enumerate(self.items) if item.cursor == cursor)

    async def cursor_page(self, query: Query) -> CursorPage[Item]:
        await asyncio.sleep(0)
        asked = self._note(query)
        limit = int(asked["limit"])
        if "ending_before" in asked:
            end = self._index(asked["ending_before"])
            first = max(0, end - limit)
            return CursorPage(items=tuple(self.items[first:end]), has_more=first > 0)
        first = self._index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        end = first + limit
        return CursorPage(items=tuple(self.items[first:end]), has_more=end < len(self.items))

    async def numbered_page(self, query: Query) -> NumberedPage[Item]:
        await asyncio.sleep(0)
        asked = self._note(query)
        number, limit = int(asked["page"]), int(asked["limit"])
        end = (number + 1) * limit
        return NumberedPage(
            items=tuple(self.items[number * limit : end]),
            total=len(self.items),
            next_page=number + 1 if end < len(self.items) else False,
        )

    def by_cursor(
        self,
        page_size: int = 50,
        start: str | None = None,
        *,
        reverse: bool = False,
        prefetch: bool = False,
    ) -> CursorPager[Item]:
        return CursorPager(
            Listing("listThings", self.target, self.cursor_page),
            cursor=lambda item: item.cursor,
            page_size=page_size,
            start=start,
            reverse=reverse,
            prefetch=prefetch,
        )

    def by_number(
        self, page_size: int = 50, start: str | None = None, *, prefetch: bool = False
    ) -> PagePager[Item]:
        return PagePager(
            Listing("listThings", self.target, self.numbered_page),
            key=lambda item: item.name,
            page_size=page_size,
            start=start,
            prefetch=prefetch,
        )


AnyPager = CursorPager[Item] | PagePager[Item]
Make = Callable[..., AnyPager]
KINDS: dict[str, Make] = {"cursors": MemoryList.by_cursor, "numbers": MemoryList.by_number}
both = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


async def read(pager: AnyPager, most: int | None = None) -> list[Item]:
    """Read at most `most` items, and stop there."""
    items: list[Item] = []
    if most == 0:
        return items
    async for item in pager:
        items.append(item)
        if len(items) == most:
            break
    return items


async def flatten(
    pages: AsyncIterator[CursorPage[Item]] | AsyncIterator[NumberedPage[Item]],
) -> list[Item]:
    return [item async for page in pages for item in page.items]


def check(memory: MemoryList, seen: list[Item]) -> None:
    """Check that each item came once and in order; numbered pages may add new ones between."""
    assert len(set(seen)) == len(seen)
    assert [item for item in seen if item in memory.original] == memory.original
    assert set(seen) <= set(memory.items)
