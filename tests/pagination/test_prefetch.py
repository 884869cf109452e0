import asyncio

import pytest

from currents_async import MisuseError
from tests.pagination.memory_list import Make, MemoryList, both, read


@both
class TestReadingAhead:
    async def test_one_page(self, make: Make) -> None:
        memory = MemoryList(10)
        async with make(memory, 2, prefetch=True) as pager:
            iterator = aiter(pager)
            assert await anext(iterator) == memory.original[0]
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(memory.queries) == 2
            assert [item async for item in iterator] == memory.original[1:]

    async def test_no_further_than_the_limit(self, make: Make) -> None:
        memory = MemoryList(10)
        async with make(memory, 2, prefetch=True).limit(2) as pager:
            assert await read(pager) == memory.original[:2]
            for _ in range(20):
                await asyncio.sleep(0)
        assert len(memory.queries) == 1

    async def test_limited_later(self, make: Make) -> None:
        memory = MemoryList(10)
        async with make(memory, 2, prefetch=True) as pager:
            assert await read(pager.limit(3)) == memory.original[:3]

    async def test_outside_of_the_context(self, make: Make) -> None:
        memory = MemoryList(10)
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
        async with make(MemoryList(10), 2, prefetch=True) as pager:
            await read(pager, 1)
            with pytest.raises(MisuseError, match="and once"):
                await read(pager)

    async def test_a_context_that_is_not_needed_sends_nothing(self, make: Make) -> None:
        memory = MemoryList(10)
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
        memory = MemoryList(100)
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
            async with make(MemoryList(100), 2, prefetch=True) as pager:
                async for _ in pager:
                    raise LookupError("mine")
