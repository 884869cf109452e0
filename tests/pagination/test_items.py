"""Items that are alike, lack a cursor, or cannot be read."""

import json

import pytest

from currents_async import Currents
from currents_async._pagination import CursorPager, Listing, PagePager
from currents_async._wire.endpoint import Query
from currents_async.models import CursorPage, NumberedPage, UnreadableItem
from currents_async.testing import FakeCurrents
from tests.pagination.memory_list import Item, MemoryList, named, read


class TestNumberedItems:
    async def test_equal_items_on_one_page_all_come(self) -> None:
        async def fetch(query: Query) -> NumberedPage[Item]:
            last = dict(query)["page"] == "1"
            items = (Item("b"), Item("c")) if last else (Item("a"), Item("a"), Item("b"))
            return NumberedPage(items=items, next_page=False if last else 1)

        pager = PagePager(Listing("op", "/", fetch), key=lambda item: item.name, page_size=3)
        assert [item.name for item in await read(pager)] == ["a", "a", "b", "c"]

    async def test_without_a_key_are_identified_by_all_fields(self) -> None:
        memory = MemoryList(7, growth=[1, 1, 1])
        listing = Listing("op", "/", memory.numbered_page)
        pager = PagePager(listing, key=lambda _: None, page_size=2)
        seen = await read(pager, 3)
        again = PagePager(listing, key=lambda _: None, page_size=2, start=pager.resume_token)
        assert seen + await read(again) == memory.original

    async def test_a_token_remembers_a_page_of_any_size(self) -> None:
        memory = MemoryList(1_000)
        pager = memory.by_number(600)
        seen = await read(pager, 550)
        assert seen + await read(memory.by_number(600, pager.resume_token)) == memory.original


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
    async def test_at_the_end_of_a_page_lead_to_the_next_one(self) -> None:
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

    async def test_first_on_a_page_lead_to_the_previous_one_in_reverse(self) -> None:
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

    async def test_count_when_a_token_leads_into_a_page(self) -> None:
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


class TestMendedPages:
    """The log has one line for each response, with paths and without values."""

    async def test_a_page_that_lost_an_item(
        self, server: FakeCurrents, currents: Currents, caplog: pytest.LogCaptureFixture
    ) -> None:
        items = [{"projectId": "a", "name": None}, {"name": "s3cr3t"}, {"projectId": "b"}]
        body = json.dumps({"status": "OK", "has_more": False, "data": items}).encode()
        server.fail("listProjects", status=200, body=body)
        with caplog.at_level("DEBUG", "currents_async"):
            page = await currents.projects.list()
        assert [one.project_id for one in page.items] == ["a", "b"]
        assert [one.position for one in page.unreadable] == [1]
        [record] = [record for record in caplog.records if "mended" in record.message]
        assert record.levelname == "WARNING"
        assert record.message == (
            "listProjects: items left out (1), or mended: $.data[0].name (null), "
            "$.data[1] (Object missing required field `projectId`)"
        )
