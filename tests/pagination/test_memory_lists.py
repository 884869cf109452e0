"""Pagers over lists in memory: each item once and in order, whatever happens."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import InvalidArgumentError
from currents_async._pagination import Listing, PagePager
from currents_async._wire.endpoint import Query
from currents_async.models import CursorPage, NumberedPage
from tests.pagination.memory_list import (
    Item,
    Make,
    MemoryList,
    both,
    check,
    flatten,
    growths,
    named,
    read,
    sizes,
)


@both
class TestEachItemOnceAndInOrder:
    @given(length=sizes, page_size=sizes, growth=growths)
    async def test_item_by_item(
        self, make: Make, length: int, page_size: int, growth: list[int]
    ) -> None:
        memory = MemoryList(length, growth)
        check(memory, await read(make(memory, page_size)))

    @given(length=sizes, page_size=sizes, growth=growths)
    async def test_page_by_page(
        self, make: Make, length: int, page_size: int, growth: list[int]
    ) -> None:
        memory = MemoryList(length, growth)
        check(memory, await flatten(make(memory, page_size).pages()))

    @given(length=sizes, page_size=sizes, growth=growths)
    async def test_read_ahead(
        self, make: Make, length: int, page_size: int, growth: list[int]
    ) -> None:
        memory = MemoryList(length, growth)
        async with make(memory, page_size, prefetch=True) as pager:
            check(memory, await read(pager))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @given(length=sizes, page_size=sizes, most=sizes)
    async def test_limited(self, make: Make, length: int, page_size: int, most: int) -> None:
        memory = MemoryList(length)
        wanted = memory.original[:most]
        pager = make(memory, page_size).limit(most)
        assert await read(pager) == wanted
        assert await flatten(pager.pages()) == wanted
        async with make(memory, page_size, prefetch=True).limit(most) as pager:
            assert await read(pager) == wanted

    @given(st.data())
    async def test_resumed_by_a_token(self, make: Make, data: st.DataObject) -> None:
        """Several times over, with pages of other sizes, while the list grows."""
        memory = MemoryList(data.draw(sizes), data.draw(growths))
        seen: list[Item] = []
        token: str | None = None
        for _ in range(data.draw(st.integers(1, 4))):
            pager = make(memory, data.draw(sizes), token)
            seen += await read(pager, data.draw(st.integers(0, 70)))
            token = json.loads(json.dumps(pager.resume_token))
        pager = make(memory, data.draw(sizes), token, prefetch=True)
        async with pager:
            seen += await read(pager)
        check(memory, seen)

    @given(length=sizes, page_size=sizes, larger=sizes, most=sizes)
    async def test_resumed_behind_a_page(
        self, make: Make, length: int, page_size: int, larger: int, most: int
    ) -> None:
        memory = MemoryList(length)
        pager = make(memory, page_size).limit(most)
        seen = await flatten(pager.pages())
        assert await read(make(memory, larger, pager.resume_token)) == memory.original[len(seen) :]


@given(length=sizes, page_size=sizes, growth=growths)
async def test_new_items_do_not_appear_with_cursors(
    length: int, page_size: int, growth: list[int]
) -> None:
    memory = MemoryList(length, growth)
    assert await read(memory.by_cursor(page_size)) == memory.original


class TestReverse:
    @given(st.data())
    async def test_towards_the_newest(self, data: st.DataObject) -> None:
        memory = MemoryList(data.draw(sizes), data.draw(growths))
        start = data.draw(st.sampled_from(memory.original))
        pager = memory.by_cursor(data.draw(sizes), start.cursor, reverse=True)
        seen = await read(pager)
        assert seen == memory.items[: memory.items.index(start)][::-1]

    @given(st.data())
    async def test_resumed_by_a_token(self, data: st.DataObject) -> None:
        memory = MemoryList(data.draw(st.integers(2, 70)))
        pager = memory.by_cursor(data.draw(sizes), "c1", reverse=True)
        memory.grow(data.draw(st.integers(1, 70)))
        seen = await read(pager, data.draw(sizes))
        again = memory.by_cursor(data.draw(sizes), pager.resume_token, reverse=True)
        seen += await flatten(again.pages())
        assert seen == memory.items[: memory.items.index(named(1))][::-1]

    async def test_from_where_a_list_was_left(self) -> None:
        memory = MemoryList(10)
        pager = memory.by_cursor(3)
        await read(pager, 5)
        back = memory.by_cursor(3, pager.resume_token, reverse=True)
        assert await read(back) == memory.original[:4][::-1]

    async def test_needs_a_start(self) -> None:
        with pytest.raises(InvalidArgumentError, match="reverse=True needs start"):
            MemoryList(1).by_cursor(reverse=True)


class TestRequests:
    async def test_one_page(self) -> None:
        memory = MemoryList(5)
        assert await memory.by_cursor(2) == CursorPage(
            items=tuple(memory.original[:2]), has_more=True
        )
        assert await memory.by_number(2) == NumberedPage(
            items=tuple(memory.original[:2]), total=5, next_page=1
        )
        assert memory.queries == [{"limit": "2"}, {"page": "0", "limit": "2"}]

    @both
    async def test_an_empty_list(self, make: Make) -> None:
        memory = MemoryList(0)
        pager = make(memory)
        assert await read(pager) == []
        assert pager.resume_token is None
        assert [page.items async for page in pager.pages()] == [()]
        assert len(memory.queries) == 2

    async def test_pages_of_cursors(self) -> None:
        memory = MemoryList(5)
        await read(memory.by_cursor(2))
        assert memory.queries == [
            {"limit": "2"},
            {"limit": "2", "starting_after": "c1"},
            {"limit": "2", "starting_after": "c3"},
        ]

    async def test_pages_of_cursors_in_reverse(self) -> None:
        memory = MemoryList(6)
        await read(memory.by_cursor(2, "c5", reverse=True))
        assert memory.queries == [
            {"limit": "2", "ending_before": "c5"},
            {"limit": "2", "ending_before": "c3"},
            {"limit": "2", "ending_before": "c1"},
        ]

    async def test_pages_of_numbers(self) -> None:
        memory = MemoryList(4)
        await read(memory.by_number(2))
        assert memory.queries == [{"page": "0", "limit": "2"}, {"page": "1", "limit": "2"}]

    @both
    async def test_no_page_is_fetched_before_it_is_needed(self, make: Make) -> None:
        memory = MemoryList(6)
        await read(make(memory, 2), 2)
        assert len(memory.queries) == 1
        await read(make(memory, 2).limit(4))
        assert len(memory.queries) == 3
        assert len([page async for page in make(memory, 2).limit(4).pages()]) == 2
        assert len(memory.queries) == 5

    @both
    async def test_a_limit_asks_for_no_more(self, make: Make) -> None:
        memory = MemoryList(6)
        await read(make(memory, 50).limit(3))
        assert [query["limit"] for query in memory.queries] == ["3"]

    @pytest.mark.parametrize("bad", [0, -1, True, 2.5, "3"])
    @both
    async def test_invalid_numbers(self, make: Make, bad: int) -> None:
        with pytest.raises(InvalidArgumentError, match="page_size"):
            make(MemoryList(1), bad)
        with pytest.raises(InvalidArgumentError, match="limit"):
            make(MemoryList(1)).limit(bad)

    @pytest.mark.parametrize("more", [True, 1])
    async def test_a_next_page_that_is_true(self, more: int | bool) -> None:  # noqa: FBT001
        async def fetch(query: Query) -> NumberedPage[Item]:
            number = int(dict(query)["page"])
            return NumberedPage(items=(named(number),), next_page=number == 0 and more)

        pager = PagePager(Listing("op", "/", fetch), key=lambda item: item.name)
        assert await read(pager) == [named(0), named(1)]


@both
class TestReadTwice:
    async def test_from_the_beginning_again(self, make: Make) -> None:
        memory = MemoryList(10)
        pager = make(memory, 4)
        assert await read(pager) == memory.original
        assert await read(pager, 3) == memory.original[:3]
        # What the first reading handed out is not behind the token.
        assert await read(make(memory, 4, pager.resume_token)) == memory.original[3:]

    async def test_a_token_without_reading_on(self, make: Make) -> None:
        memory = MemoryList(10)
        pager = make(memory, 4)
        assert pager.resume_token is None
        await read(pager, 3)
        resumed = make(memory, 4, pager.resume_token)
        assert resumed.resume_token == pager.resume_token
