"""Lists whose pages lead nowhere: given up after a bounded number of requests."""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from currents_async import MisuseError, PaginationError
from currents_async._pagination import CursorPager, Listing, PagePager
from currents_async._wire.endpoint import Query
from currents_async.models import CursorPage, NumberedPage
from tests.pagination.memory_list import Item, MemoryList, named, read


async def cursors_that_repeat(query: Query) -> CursorPage[Item]:
    return CursorPage(items=(named(int("starting_after" in dict(query))), named(2)), has_more=True)


async def no_cursors(_: Query) -> CursorPage[Item]:
    return CursorPage(items=(Item("without"),), has_more=True)


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
        """It is raised as itself, after the items that came before it."""
        memory = MemoryList(6)

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
    """A list whose pages follow a rule, and which counts requests."""

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
    """Such a list is given up after a bounded number of requests."""

    @pytest.mark.parametrize("period", [1, 2, 3, 40])
    async def test_cursors_that_repeat(self, period: int) -> None:
        counted = Counted(lambda after: [(after + 1) % period])
        seen: list[Item] = []
        with pytest.raises(PaginationError, match="in a circle"):
            async for item in counted.cursored():
                seen.append(item)  # noqa: PERF401 - the error is what is tested
        assert seen == [named(number) for number in range(period)]
        assert counted.asked == period + 1

    @pytest.mark.parametrize("distinct", [1, 2, 7, 45])
    async def test_a_server_that_ignores_page_numbers(self, distinct: int) -> None:
        """Or counts in a circle: after 45 pages of 50 items the first are no longer remembered."""
        counted = Counted(lambda number: range(number % distinct * 50, number % distinct * 50 + 50))
        with pytest.raises(PaginationError, match="op: 20 pages in a row had nothing new"):
            await read(counted.numbered())
        assert counted.asked == distinct + 20

    async def test_a_server_that_ignores_page_numbers_and_shuffles(self) -> None:
        counted = Counted(lambda number: [(number + index) % 50 for index in range(50)])
        with pytest.raises(PaginationError, match="20 pages in a row had nothing new"):
            await read(counted.numbered())
        assert counted.asked == 1 + 20

    async def test_some_empty_pages_with_numbers_are_skipped(self) -> None:
        counted = Counted(lambda number: [number] if number % 15 == 0 else [], pages=46)
        assert await read(counted.numbered()) == [named(number) for number in (0, 15, 30, 45)]
        assert counted.asked == 46

    async def test_an_empty_page_with_cursors_is_the_end(self) -> None:
        counted = Counted(lambda after: [after + 1] if after < 2 else [])
        assert await read(counted.cursored()) == [named(number) for number in range(3)]
        assert counted.asked == 4

    async def test_items_from_before_a_token_are_skipped(self) -> None:
        memory = MemoryList(200)
        pager = memory.by_number(100)
        seen = await read(pager, 100)
        again = memory.by_number(1, pager.resume_token)  # a hundred pages without anything new
        assert seen + await read(again) == memory.original

    async def test_a_last_page_without_new_items_is_no_error(self) -> None:
        counted = Counted(lambda _: range(50), pages=20)
        assert len(await read(counted.numbered())) == 50

    async def test_remembered_items_are_bounded(self) -> None:
        memory = MemoryList(1_100)
        pager = memory.by_number(100)
        pages = pager._walk()
        while await pages.next_page() is not None:
            pass
        assert len(pages._recent) == 1_000

    async def test_two_tasks_iterating_over_one_list(self) -> None:
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
