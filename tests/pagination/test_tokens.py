from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import InvalidArgumentError, PaginationError
from currents_async._pagination import CursorPager, Listing
from currents_async._wire.endpoint import Query
from currents_async.models import CursorPage
from tests.pagination.memory_list import Item, Make, MemoryList, both, read


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
            make(MemoryList(5), 2, start)

    @pytest.mark.parametrize(("page_size", "remembered"), [(50, 200), (150, 300), (100_000, 2_000)])
    async def test_are_not_made(self, page_size: int, remembered: int) -> None:
        memory = MemoryList(2_500)
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
        pager = make(MemoryList(5), 2)
        await read(pager, 3)
        token = pager.resume_token
        assert token is not None
        with pytest.raises(InvalidArgumentError, match="another list, or of other filters"):
            make(MemoryList(5, target="/runs?tag=b"), 2, token)
        assert await read(make(MemoryList(5), 2, token)) == MemoryList(5).items[3:]

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
            make(MemoryList(5), 2, start)

    @both
    @given(text=st.text())
    async def test_any_text_that_begins_like_a_token(self, make: Make, text: str) -> None:
        with pytest.raises(InvalidArgumentError, match="start"):
            make(MemoryList(5), 2, "v1." + text)

    async def test_a_cursor_in_a_list_of_numbers(self) -> None:
        with pytest.raises(InvalidArgumentError, match="start must be a resume token"):
            MemoryList(5).by_number(2, "c1")

    async def test_a_cursor(self) -> None:
        memory = MemoryList(5)
        assert await read(memory.by_cursor(2, "c1")) == memory.original[2:]

    @both
    async def test_a_token_needs_no_quoting(self, make: Make) -> None:
        pager = make(MemoryList(5), 2)
        await read(pager, 3)
        token = pager.resume_token
        assert token is not None
        assert token.replace("-", "a").replace("_", "a").replace(".", "a").isalnum()
        assert token.isascii()
