import pytest

from currents_async import InvalidArgumentError
from currents_async.receiver import MemoryReplays
from currents_async.testing import ManualClock


class TestMemoryReplays:
    async def test_known_until_its_time_is_over(self) -> None:
        clock = ManualClock()
        replays = MemoryReplays(clock=clock)
        assert await replays.add("a", seconds=10)
        clock.advance(10)
        assert not await replays.add("a", seconds=10)
        clock.advance(0.01)
        assert await replays.add("a", seconds=10)
        clock.advance(10)
        assert not await replays.add("a", seconds=10)

    async def test_expired_keys_are_dropped(self) -> None:
        clock = ManualClock()
        replays = MemoryReplays(clock=clock)
        for number in range(100):
            await replays.add(str(number), seconds=10)
            clock.advance(1)
        assert len(replays) == 11

    async def test_the_oldest_make_room(self) -> None:
        replays = MemoryReplays(3)
        assert [await replays.add(key, seconds=10) for key in "abcd"] == [True] * 4
        assert len(replays) == 3
        assert [await replays.add(key, seconds=10) for key in "bcd"] == [False] * 3
        assert await replays.add("a", seconds=10)

    async def test_a_key_added_again_is_the_newest(self) -> None:
        clock = ManualClock()
        replays = MemoryReplays(3, clock=clock)
        for key, seconds in (("a", 1000), ("b", 10), ("c", 1000)):
            await replays.add(key, seconds=seconds)
        clock.advance(11)
        assert [await replays.add(key, seconds=1000) for key in "bde"] == [True] * 3
        assert not await replays.add("b", seconds=1000)

    async def test_a_long_one_does_not_keep_short_ones(self) -> None:
        clock = ManualClock()
        replays = MemoryReplays(clock=clock)
        await replays.add("long", seconds=1000)
        await replays.add("short", seconds=10)
        clock.advance(11)
        assert await replays.add("short", seconds=10)
        assert not await replays.add("long", seconds=10)

    async def test_removed(self) -> None:
        replays = MemoryReplays()
        await replays.remove("unknown")
        await replays.add("a", seconds=10)
        await replays.remove("a")
        assert await replays.add("a", seconds=10)

    def test_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match="max_keys"):
            MemoryReplays(0)
