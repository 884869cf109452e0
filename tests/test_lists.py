"""Lists, page by page, against lists in memory: each item once and in order, whatever happens."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import Currents, InvalidArgumentError, MisuseError, PaginationError
from currents_async._pagination import CursorPager, Listing, PagePager
from currents_async._wire.query import Query
from currents_async.models import CursorPage, NumberedPage, UnreadableItem
from currents_async.testing import FakeCurrents

sizes = st.integers(1, 70)
growths = st.lists(st.integers(0, 5), max_size=6)


class Item(msgspec.Struct, frozen=True):
    name: str
    cursor: str | None = None


def named(number: int) -> Item:
    return Item(f"item {number}", f"c{number}")


class Memory:
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
KINDS: dict[str, Make] = {"cursors": Memory.by_cursor, "numbers": Memory.by_number}
both = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


async def read(pager: AnyPager, most: int | None = None) -> list[Item]:
    """Read on, up to so many items, and leave the pager there."""
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


def check(memory: Memory, seen: list[Item]) -> None:
    """Each item once and in order; one that is new may come between, if pages have numbers."""
    assert len(set(seen)) == len(seen)
    assert [item for item in seen if item in memory.original] == memory.original
    assert set(seen) <= set(memory.items)


@both
class TestEachItemOnceAndInOrder:
    @given(length=sizes, page_size=sizes, growth=growths)
    async def test_item_by_item(
        self, make: Make, length: int, page_size: int, growth: list[int]
    ) -> None:
        memory = Memory(length, growth)
        check(memory, await read(make(memory, page_size)))

    @given(length=sizes, page_size=sizes, growth=growths)
    async def test_page_by_page(
        self, make: Make, length: int, page_size: int, growth: list[int]
    ) -> None:
        memory = Memory(length, growth)
        check(memory, await flatten(make(memory, page_size).pages()))

    @given(length=sizes, page_size=sizes, growth=growths)
    async def test_read_ahead(
        self, make: Make, length: int, page_size: int, growth: list[int]
    ) -> None:
        memory = Memory(length, growth)
        async with make(memory, page_size, prefetch=True) as pager:
            check(memory, await read(pager))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @given(length=sizes, page_size=sizes, most=sizes)
    async def test_limited(self, make: Make, length: int, page_size: int, most: int) -> None:
        memory = Memory(length)
        wanted = memory.original[:most]
        pager = make(memory, page_size).limit(most)
        assert await read(pager) == wanted
        assert await flatten(pager.pages()) == wanted
        async with make(memory, page_size, prefetch=True).limit(most) as pager:
            assert await read(pager) == wanted

    @given(st.data())
    async def test_resumed_by_a_token(self, make: Make, data: st.DataObject) -> None:
        """Several times over, with pages of other sizes, while the list grows."""
        memory = Memory(data.draw(sizes), data.draw(growths))
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
        memory = Memory(length)
        pager = make(memory, page_size).limit(most)
        seen = await flatten(pager.pages())
        assert await read(make(memory, larger, pager.resume_token)) == memory.original[len(seen) :]


@given(length=sizes, page_size=sizes, growth=growths)
async def test_nothing_new_comes_with_cursors(
    length: int, page_size: int, growth: list[int]
) -> None:
    memory = Memory(length, growth)
    assert await read(memory.by_cursor(page_size)) == memory.original


class TestReverse:
    @given(st.data())
    async def test_towards_the_newest(self, data: st.DataObject) -> None:
        memory = Memory(data.draw(sizes), data.draw(growths))
        start = data.draw(st.sampled_from(memory.original))
        pager = memory.by_cursor(data.draw(sizes), start.cursor, reverse=True)
        seen = await read(pager)
        assert seen == memory.items[: memory.items.index(start)][::-1]

    @given(st.data())
    async def test_resumed_by_a_token(self, data: st.DataObject) -> None:
        memory = Memory(data.draw(st.integers(2, 70)))
        pager = memory.by_cursor(data.draw(sizes), "c1", reverse=True)
        memory.grow(data.draw(st.integers(1, 70)))
        seen = await read(pager, data.draw(sizes))
        again = memory.by_cursor(data.draw(sizes), pager.resume_token, reverse=True)
        seen += await flatten(again.pages())
        assert seen == memory.items[: memory.items.index(named(1))][::-1]

    async def test_back_to_where_a_list_was_left(self) -> None:
        memory = Memory(10)
        pager = memory.by_cursor(3)
        await read(pager, 5)
        back = memory.by_cursor(3, pager.resume_token, reverse=True)
        assert await read(back) == memory.original[:4][::-1]

    async def test_needs_a_start(self) -> None:
        with pytest.raises(InvalidArgumentError, match="reverse=True needs start"):
            Memory(1).by_cursor(reverse=True)


class TestRequests:
    async def test_one_page(self) -> None:
        memory = Memory(5)
        assert await memory.by_cursor(2) == CursorPage(
            items=tuple(memory.original[:2]), has_more=True
        )
        assert await memory.by_number(2) == NumberedPage(
            items=tuple(memory.original[:2]), total=5, next_page=1
        )
        assert memory.queries == [{"limit": "2"}, {"page": "0", "limit": "2"}]

    @both
    async def test_an_empty_list(self, make: Make) -> None:
        memory = Memory(0)
        pager = make(memory)
        assert await read(pager) == []
        assert pager.resume_token is None
        assert [page.items async for page in pager.pages()] == [()]
        assert len(memory.queries) == 2

    async def test_pages_of_cursors(self) -> None:
        memory = Memory(5)
        await read(memory.by_cursor(2))
        assert memory.queries == [
            {"limit": "2"},
            {"limit": "2", "starting_after": "c1"},
            {"limit": "2", "starting_after": "c3"},
        ]

    async def test_pages_of_numbers(self) -> None:
        memory = Memory(4)
        await read(memory.by_number(2))
        assert memory.queries == [{"page": "0", "limit": "2"}, {"page": "1", "limit": "2"}]

    @both
    async def test_no_page_is_fetched_before_it_is_needed(self, make: Make) -> None:
        memory = Memory(6)
        await read(make(memory, 2), 2)
        assert len(memory.queries) == 1
        await read(make(memory, 2).limit(4))
        assert len(memory.queries) == 3
        assert len([page async for page in make(memory, 2).limit(4).pages()]) == 2
        assert len(memory.queries) == 5

    @both
    async def test_a_limit_asks_for_no_more(self, make: Make) -> None:
        memory = Memory(6)
        await read(make(memory, 50).limit(3))
        assert [query["limit"] for query in memory.queries] == ["3"]

    @pytest.mark.parametrize("bad", [0, -1, True, 2.5, "3"])
    @both
    async def test_what_is_no_number(self, make: Make, bad: int) -> None:
        with pytest.raises(InvalidArgumentError, match="page_size"):
            make(Memory(1), bad)
        with pytest.raises(InvalidArgumentError, match="limit"):
            make(Memory(1)).limit(bad)

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
        memory = Memory(10)
        pager = make(memory, 4)
        assert await read(pager) == memory.original
        assert await read(pager, 3) == memory.original[:3]
        # What the first reading handed out is not behind the token.
        assert await read(make(memory, 4, pager.resume_token)) == memory.original[3:]

    async def test_a_token_without_reading_on(self, make: Make) -> None:
        memory = Memory(10)
        pager = make(memory, 4)
        assert pager.resume_token is None
        await read(pager, 3)
        resumed = make(memory, 4, pager.resume_token)
        assert resumed.resume_token == pager.resume_token


class TestNumberedItems:
    async def test_that_are_alike_on_one_page_are_several(self) -> None:
        async def fetch(query: Query) -> NumberedPage[Item]:
            last = dict(query)["page"] == "1"
            items = (Item("b"), Item("c")) if last else (Item("a"), Item("a"), Item("b"))
            return NumberedPage(items=items, next_page=False if last else 1)

        pager = PagePager(Listing("op", "/", fetch), key=lambda item: item.name, page_size=3)
        assert [item.name for item in await read(pager)] == ["a", "a", "b", "c"]

    async def test_without_a_key_are_told_apart_as_a_whole(self) -> None:
        memory = Memory(7, growth=[1, 1, 1])
        listing = Listing("op", "/", memory.numbered_page)
        pager = PagePager(listing, key=lambda _: None, page_size=2)
        seen = await read(pager, 3)
        again = PagePager(listing, key=lambda _: None, page_size=2, start=pager.resume_token)
        assert seen + await read(again) == memory.original

    async def test_a_token_remembers_a_page_of_any_size(self) -> None:
        memory = Memory(1_000)
        pager = memory.by_number(600)
        seen = await read(pager, 550)
        assert seen + await read(memory.by_number(600, pager.resume_token)) == memory.original


async def cursors_that_repeat(query: Query) -> CursorPage[Item]:
    return CursorPage(items=(named(int("starting_after" in dict(query))), named(2)), has_more=True)


async def no_cursors(_: Query) -> CursorPage[Item]:
    return CursorPage(items=(Item("without"),), has_more=True)


class TestItemsWithoutACursor:
    async def test_on_the_only_page_end_the_list(self) -> None:
        async def fetch(_: Query) -> CursorPage[Item]:
            return CursorPage(items=(Item("a"), Item("b")))

        pager = CursorPager(Listing("op", "/", fetch), cursor=lambda item: item.cursor)
        assert await read(pager) == [Item("a"), Item("b")]
        assert pager.resume_token is None

    async def test_at_the_end_of_a_page_are_handed_out_once(self) -> None:
        asked: list[str | None] = []
        items = [named(0), named(1), Item("without"), named(3), named(4)]

        async def fetch(query: Query) -> CursorPage[Item]:
            asked.append(dict(query).get("starting_after"))
            start = 2 if asked[-1] == named(1).cursor else 0
            return CursorPage(items=tuple(items[start : start + 3]), has_more=start == 0)

        pager = CursorPager(Listing("op", "/", fetch), cursor=lambda item: item.cursor, page_size=3)
        assert await read(pager, 3) == items[:3]
        again = CursorPager(
            Listing("op", "/", fetch), cursor=lambda item: item.cursor, start=pager.resume_token
        )
        assert await read(again) == items[2:], "the token is that of the last cursor"
        assert await read(pager) == items
        assert asked == [None, named(1).cursor, None, named(1).cursor]


class TestItemsThatCannotBeRead:
    async def test_at_the_end_of_a_page_still_say_where_the_next_one_begins(self) -> None:
        asked: list[str | None] = []

        async def fetch(query: Query) -> CursorPage[Item]:
            asked.append(dict(query).get("starting_after"))
            if asked[-1] is not None:
                return CursorPage(items=(named(9),))
            first = UnreadableItem(position=0, reason="?")
            last = UnreadableItem(position=2, reason="?", cursor="last")
            return CursorPage(items=(named(1),), has_more=True, unreadable=(first, last))

        pager = CursorPager(Listing("op", "/", fetch), cursor=lambda item: item.cursor)
        assert await read(pager) == [named(1), named(9)]
        assert asked == [None, "last"]

    async def test_first_on_a_page_are_no_cursor_for_who_goes_back(self) -> None:
        async def fetch(query: Query) -> CursorPage[Item]:
            if dict(query)["ending_before"] != "start":
                return CursorPage(items=(Item(dict(query)["ending_before"]),))
            unreadable = UnreadableItem(position=0, reason="?", cursor="newest")
            return CursorPage(items=(named(1),), has_more=True, unreadable=(unreadable,))

        pager = CursorPager(
            Listing("op", "/", fetch), cursor=lambda item: item.cursor, start="start", reverse=True
        )
        assert await read(pager) == [named(1), Item("newest")]

    async def test_alone_on_a_page_do_not_end_the_list(self) -> None:
        async def fetch(query: Query) -> NumberedPage[Item]:
            if dict(query)["page"] == "1":
                return NumberedPage(items=(named(1),))
            return NumberedPage(unreadable=(UnreadableItem(position=0, reason="?"),), next_page=1)

        pager = PagePager(Listing("op", "/", fetch), key=lambda item: item.name)
        assert [page.unreadable != () async for page in pager.pages()] == [True, False]
        assert await read(pager) == [named(1)]

    async def test_are_counted_where_a_token_leads_into_a_page(self) -> None:
        async def fetch(query: Query) -> NumberedPage[Item]:
            if dict(query)["limit"] == "2":
                items = (named(2), named(3)) if dict(query)["page"] == "1" else (named(0), named(1))
                return NumberedPage(items=items, next_page=dict(query)["page"] == "0")
            unreadable = UnreadableItem(position=1, reason="?")
            return NumberedPage(items=(named(0), named(2), named(3)), unreadable=(unreadable,))

        pager = PagePager(Listing("op", "/", fetch), key=lambda item: item.name, page_size=2)
        assert await read(pager, 3) == [named(0), named(1), named(2)]
        again = PagePager(
            Listing("op", "/", fetch), key=lambda _: None, page_size=4, start=pager.resume_token
        )
        assert await read(again) == [named(2), named(3)]


@pytest.mark.parametrize("prefetch", [False, True])
class TestPagesThatLeadNowhere:
    @pytest.mark.parametrize(
        ("fetch", "message"),
        [
            (cursors_that_repeat, "in a circle"),
            (no_cursors, "no item has a cursor"),
        ],
    )
    async def test_of_cursors(
        self,
        fetch: Callable[[Query], asyncio.Future[CursorPage[Item]]],
        message: str,
        prefetch: bool,  # noqa: FBT001
    ) -> None:
        listing = Listing("listThings", "/", fetch)
        pager = CursorPager(listing, cursor=lambda item: item.cursor, prefetch=prefetch)
        with pytest.raises(PaginationError, match=f"listThings: .*{message}"):
            async with pager:
                await read(pager)

    @pytest.mark.parametrize(
        ("following", "items", "message"),
        [(0, 1, "in a circle"), (1, 0, "in a circle"), (True, 0, "20 pages in a row had nothing")],
    )
    async def test_of_numbers(
        self,
        following: int | bool,  # noqa: FBT001
        items: int,
        message: str,
        prefetch: bool,  # noqa: FBT001
    ) -> None:
        async def fetch(_: Query) -> NumberedPage[Item]:
            return NumberedPage(items=(named(0),) * items, next_page=following)

        listing = Listing("listThings", "/", fetch)
        pager = PagePager(listing, key=lambda item: item.name, prefetch=prefetch)
        with pytest.raises(PaginationError, match=message):
            async with pager:
                await read(pager)

    async def test_an_error_on_the_way(self, prefetch: bool) -> None:  # noqa: FBT001
        """It leaves as itself, behind the items that had come before it."""
        memory = Memory(6)

        async def fetch(query: Query) -> CursorPage[Item]:
            if len(memory.queries) == 2:
                raise LookupError("no luck")
            return await memory.cursor_page(query)

        listing = Listing("listThings", "/", fetch)
        pager = CursorPager(
            listing, cursor=lambda item: item.cursor, page_size=2, prefetch=prefetch
        )
        seen: list[Item] = []
        with pytest.raises(LookupError, match="no luck"):
            async with pager:
                async for item in pager:
                    seen.append(item)  # noqa: PERF401 - what was seen before the error is wanted
        assert seen == memory.original[:4]
        again = memory.by_cursor(2, None)
        assert again.resume_token is None
        assert pager.resume_token is not None


class Counted:
    """A list that is served page by page, by a rule, and counts how often it was asked."""

    def __init__(self, page: Callable[[int], Iterable[int]], pages: int | None = None) -> None:
        self._page = page
        self._pages = pages
        self.asked = 0

    async def by_number(self, query: Query) -> NumberedPage[Item]:
        self.asked += 1
        number = int(dict(query)["page"])
        more = self._pages is None or number + 1 < self._pages
        return NumberedPage(items=tuple(map(named, self._page(number))), next_page=more)

    async def by_cursor(self, query: Query) -> CursorPage[Item]:
        self.asked += 1
        after = int(dict(query).get("starting_after", "c-1").removeprefix("c"))
        return CursorPage(items=tuple(map(named, self._page(after))), has_more=True)

    def numbered(self) -> PagePager[Item]:
        return PagePager(Listing("op", "/", self.by_number), key=lambda item: item.name)

    def cursored(self) -> CursorPager[Item]:
        return CursorPager(Listing("op", "/", self.by_cursor), cursor=lambda item: item.cursor)


class TestListsWithoutEnd:
    """A server that leads nowhere is left after a bounded number of requests."""

    @pytest.mark.parametrize("period", [1, 2, 3, 40])
    async def test_cursors_that_come_again(self, period: int) -> None:
        counted = Counted(lambda after: [(after + 1) % period])
        seen: list[Item] = []
        with pytest.raises(PaginationError, match="in a circle"):
            async for item in counted.cursored():
                seen.append(item)  # noqa: PERF401 - the error is what is tested
        assert seen == [named(number) for number in range(period)]
        assert counted.asked == period + 1

    @pytest.mark.parametrize("distinct", [1, 2, 7, 45])
    async def test_numbers_that_the_server_ignores(self, distinct: int) -> None:
        """Or counts in a circle; with 45 pages of 50 items they have been forgotten meanwhile."""
        counted = Counted(lambda number: range(number % distinct * 50, number % distinct * 50 + 50))
        with pytest.raises(PaginationError, match="op: 20 pages in a row had nothing new"):
            await read(counted.numbered())
        assert counted.asked == distinct + 20

    async def test_numbers_that_the_server_ignores_in_another_order_each_time(self) -> None:
        counted = Counted(lambda number: [(number + index) % 50 for index in range(50)])
        with pytest.raises(PaginationError, match="20 pages in a row had nothing new"):
            await read(counted.numbered())
        assert counted.asked == 1 + 20

    async def test_empty_pages_with_numbers_are_gone_over(self) -> None:
        counted = Counted(lambda number: [number] if number % 15 == 0 else [], pages=46)
        assert await read(counted.numbered()) == [named(number) for number in (0, 15, 30, 45)]
        assert counted.asked == 46

    async def test_but_not_for_ever(self) -> None:
        counted = Counted(lambda _: [])
        with pytest.raises(PaginationError, match="20 pages in a row had nothing new"):
            await read(counted.numbered())
        assert counted.asked == 20

    async def test_an_empty_page_with_cursors_is_the_end(self) -> None:
        counted = Counted(lambda after: [after + 1] if after < 2 else [])
        assert await read(counted.cursored()) == [named(number) for number in range(3)]
        assert counted.asked == 4

    async def test_what_was_handed_out_before_a_token_is_gone_over(self) -> None:
        memory = Memory(200)
        pager = memory.by_number(100)
        seen = await read(pager, 100)
        again = memory.by_number(1, pager.resume_token)  # a hundred pages without anything new
        assert seen + await read(again) == memory.original

    async def test_a_last_page_of_what_was_there_before_is_no_error(self) -> None:
        counted = Counted(lambda _: range(50), pages=20)
        assert len(await read(counted.numbered())) == 50

    async def test_what_is_remembered_is_bounded(self) -> None:
        memory = Memory(1_100)
        pager = memory.by_number(100)
        pages = pager._walk()
        while await pages.next_page() is not None:
            pass
        assert len(pages._recent) == 1_000

    async def test_two_tasks_at_one_list(self) -> None:
        async def fetch(_: Query) -> CursorPage[Item]:
            await asyncio.Event().wait()
            raise AssertionError

        pager = CursorPager(Listing("op", "/", fetch), cursor=lambda item: item.cursor)
        items = aiter(pager)
        first = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        with pytest.raises(MisuseError, match="another task is already iterating"):
            await anext(items)
        first.cancel()
        await asyncio.wait([first])


def keys_of(token: str | None) -> list[int]:
    assert token is not None
    text = token.removeprefix("v1.")
    *_, keys = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert isinstance(keys, list)
    return keys


class TestLongTokens:
    @both
    @pytest.mark.parametrize("start", ["v1." + "A" * 65_536, "c" * 65_537])
    async def test_are_refused_unread(self, make: Make, start: str) -> None:
        with pytest.raises(InvalidArgumentError, match="start must have at most 65,536 characters"):
            make(Memory(5), 2, start)

    @pytest.mark.parametrize(("page_size", "remembered"), [(50, 200), (150, 300), (100_000, 2_000)])
    async def test_are_not_made(self, page_size: int, remembered: int) -> None:
        memory = Memory(2_500)
        pager = memory.by_number(page_size)
        seen = await read(pager, 2_400)
        token = pager.resume_token
        assert len(keys_of(token)) == remembered
        assert {*seen, *await read(memory.by_number(50, token))} == {*memory.original}

    async def test_of_cursors_are_not_made(self) -> None:
        async def fetch(_: Query) -> CursorPage[Item]:
            return CursorPage(items=(Item("a", "c" * 60_000),))

        pager = CursorPager(Listing("op", "/", fetch), cursor=lambda item: item.cursor)
        await read(pager)
        with pytest.raises(PaginationError, match="too long for a token"):
            _ = pager.resume_token


def forge(value: object) -> str:
    return "v1." + urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


class TestStart:
    @both
    async def test_a_token_of_another_list(self, make: Make) -> None:
        pager = make(Memory(5), 2)
        await read(pager, 3)
        token = pager.resume_token
        assert token is not None
        with pytest.raises(InvalidArgumentError, match="another list, or of other filters"):
            make(Memory(5, target="/runs?tag=b"), 2, token)
        assert await read(make(Memory(5), 2, token)) == Memory(5).items[3:]

    @both
    @pytest.mark.parametrize(
        "start",
        [
            "v1.",
            "v1.!!!",
            "v1.ä",
            "v1.\ud800",
            "v1.\n",
            forge({}),
            forge(7),
            forge([]),
            forge(["listThings:0", 5]),
            forge(["listThings:0", None, -1]),
            "v1." + urlsafe_b64encode(b"[" * 10_000).decode(),
            "v1." + urlsafe_b64encode(b'["\xff"]').decode(),
            "",
            " ",
            7,
            b"v1.",
        ],
    )
    async def test_garbage(self, make: Make, start: str) -> None:
        with pytest.raises(InvalidArgumentError, match="start"):
            make(Memory(5), 2, start)

    @both
    @given(text=st.text())
    async def test_any_text_that_begins_like_a_token(self, make: Make, text: str) -> None:
        with pytest.raises(InvalidArgumentError, match="start"):
            make(Memory(5), 2, "v1." + text)

    async def test_a_cursor_in_a_list_of_numbers(self) -> None:
        with pytest.raises(InvalidArgumentError, match="start must be a resume token"):
            Memory(5).by_number(2, "c1")

    async def test_a_cursor(self) -> None:
        memory = Memory(5)
        assert await read(memory.by_cursor(2, "c1")) == memory.original[2:]

    @both
    async def test_a_token_needs_no_quoting(self, make: Make) -> None:
        pager = make(Memory(5), 2)
        await read(pager, 3)
        token = pager.resume_token
        assert token is not None
        assert token.replace("-", "a").replace("_", "a").replace(".", "a").isalnum()
        assert token.isascii()


@both
class TestReadingAhead:
    async def test_one_page(self, make: Make) -> None:
        memory = Memory(10)
        async with make(memory, 2, prefetch=True) as pager:
            iterator = aiter(pager)
            assert await anext(iterator) == memory.original[0]
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(memory.queries) == 2
            assert [item async for item in iterator] == memory.original[1:]

    async def test_no_further_than_the_limit(self, make: Make) -> None:
        memory = Memory(10)
        async with make(memory, 2, prefetch=True).limit(2) as pager:
            assert await read(pager) == memory.original[:2]
            for _ in range(20):
                await asyncio.sleep(0)
        assert len(memory.queries) == 1

    async def test_limited_later(self, make: Make) -> None:
        memory = Memory(10)
        async with make(memory, 2, prefetch=True) as pager:
            assert await read(pager.limit(3)) == memory.original[:3]

    async def test_outside_of_the_context(self, make: Make) -> None:
        memory = Memory(10)
        pager = make(memory, 2, prefetch=True)
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await read(pager)
        async with pager:
            pass
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await read(pager)
        with pytest.raises(MisuseError, match="already being read ahead"):
            async with pager:
                pass

    async def test_twice(self, make: Make) -> None:
        async with make(Memory(10), 2, prefetch=True) as pager:
            await read(pager, 1)
            with pytest.raises(MisuseError, match="and once"):
                await read(pager)

    async def test_a_context_that_is_not_needed_sends_nothing(self, make: Make) -> None:
        memory = Memory(10)
        async with make(memory, 2) as pager:
            for _ in range(20):
                await asyncio.sleep(0)
            assert memory.queries == []
            assert await read(pager) == memory.original

    @pytest.mark.parametrize("prefetch", [False, True])
    async def test_leaving_midway_leaves_no_task(
        self,
        make: Make,
        prefetch: bool,  # noqa: FBT001
        no_task_is_left: None,
    ) -> None:
        memory = Memory(100)
        async with make(memory, 2, prefetch=prefetch) as pager:
            async for _ in pager:
                break
        for _ in range(3):  # the loop closes the generators that were left
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        sent = len(memory.queries)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(memory.queries) == sent

    async def test_an_error_of_the_reader_leaves_as_itself(
        self, make: Make, no_task_is_left: None
    ) -> None:
        with pytest.raises(LookupError, match="mine"):
            async with make(Memory(100), 2, prefetch=True) as pager:
                async for _ in pager:
                    raise LookupError("mine")


class TestWhatIsBent:
    """One line for each response: where, and never what."""

    async def test_of_a_page_that_lost_an_item(
        self, server: FakeCurrents, currents: Currents, caplog: pytest.LogCaptureFixture
    ) -> None:
        items = [{"projectId": "a", "name": None}, {"name": "s3cr3t"}, {"projectId": "b"}]
        body = json.dumps({"status": "OK", "has_more": False, "data": items}).encode()
        server.fail("listProjects", status=200, body=body)
        with caplog.at_level("DEBUG", "currents_async"):
            page = await currents.projects.list()
        assert [one.project_id for one in page.items] == ["a", "b"]
        assert [one.position for one in page.unreadable] == [1]
        [told] = [record for record in caplog.records if "mended" in record.message]
        assert told.levelname == "WARNING"
        assert told.message == (
            "listProjects: items left out (1), or mended: $.data[0].name (null), "
            "$.data[1] (Object missing required field `projectId`)"
        )
