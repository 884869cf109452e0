import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import Clock
from currents_async.testing.clock import ManualClock


@pytest.fixture
def still() -> ManualClock:
    return ManualClock(auto=False)


def test_it_is_a_clock(still: ManualClock) -> None:
    clock: Clock = still
    assert (clock.now(), clock.wall(), clock.random()) == (0.0, 1_767_225_600.0, 0.5)


def test_chance() -> None:
    assert ManualClock(chance=0.25).random() == 0.25
    thrown = iter([0.1, 0.2])
    clock = ManualClock(chance=lambda: next(thrown))
    assert [clock.random(), clock.random()] == [0.1, 0.2]


class TestByHand:
    def test_nothing_happens_by_itself(self, still: ManualClock) -> None:
        still.call_later(0, pytest.fail)
        assert (still.now(), still.waiting, still.waited) == (0, [0], [])

    def test_the_time_passes(self, still: ManualClock) -> None:
        for _ in range(3):
            still.advance(1.5)
        assert (still.now(), still.wall()) == (4.5, 1_767_225_604.5)

    def test_waits_end_in_order_and_at_their_own_times(self, still: ManualClock) -> None:
        ended: list[tuple[str, float]] = []
        for name, seconds in (("c", 3), ("a", 1), ("b", 1), ("d", 3.5), ("now", -1)):
            still.call_later(seconds, noting(ended, name, still))
        assert still.waiting == [0, 1, 1, 3, 3.5]
        still.advance(3)
        assert ended == [("now", 0), ("a", 1), ("b", 1), ("c", 3)]
        assert still.waited == [-1, 1, 1, 3]
        assert still.waiting == [0.5]

    def test_waits_that_begin_when_others_end(self, still: ManualClock) -> None:
        ended: list[float] = []

        def again() -> None:
            ended.append(still.now())
            still.call_later(2, again)

        still.call_later(2, again)
        still.advance(7)
        assert ended == [2, 4, 6]
        assert still.waiting == [1]
        assert still.now() == 7

    def test_given_up(self, still: ManualClock) -> None:
        timer = still.call_later(1, pytest.fail)
        timer.cancel()
        timer.cancel()
        still.advance(2)
        assert (still.waiting, still.waited) == ([], [])

    @given(st.lists(st.floats(0, 100), max_size=20), st.lists(st.floats(0, 50), max_size=10))
    def test_every_wait_ends_once_and_not_early(
        self, waits: list[float], steps: list[float]
    ) -> None:
        clock = ManualClock(auto=False)
        ended: list[tuple[float, float]] = []
        for seconds in waits:
            clock.call_later(seconds, noting(ended, seconds, clock))
        for step in [0, *steps]:
            clock.advance(step)
        assert ended == [(seconds, seconds) for seconds in sorted(waits) if seconds <= clock.now()]


class TestByItself:
    async def test_the_shortest_wait_ends_first(self) -> None:
        clock = ManualClock()
        ended: list[tuple[float, float]] = []
        for seconds in (30, 10, 60):
            clock.call_later(seconds, noting(ended, seconds, clock))
        assert clock.now() == 0
        await turns(4)
        assert ended == [(10, 10), (30, 30), (60, 60)]
        assert clock.waited == [10, 30, 60]

    async def test_one_wait_a_turn(self) -> None:
        clock = ManualClock()
        for seconds in (1, 2):
            clock.call_later(seconds, nothing)
        await turns(1)
        assert clock.now() == 1
        clock.call_later(0.5, nothing)
        await turns(1)
        assert clock.now() == 1.5

    async def test_deadlines_are_left_alone(self) -> None:
        clock = ManualClock()
        clock.call_later(60.5, pytest.fail)
        await turns(5)
        assert clock.now() == 0
        clock.advance(60)  # now it would be near, but is a deadline as before
        await turns(5)
        assert clock.waiting == [0.5]

    async def test_a_deadline_in_between_is_not_forgotten(self) -> None:
        clock = ManualClock()
        clock.call_later(100, nothing)
        clock.advance(99)
        clock.call_later(10, nothing)
        await turns(4)
        assert clock.waited == [100, 10]
        assert clock.now() == 109

    async def test_given_up_before_the_jump(self) -> None:
        clock = ManualClock()
        clock.call_later(5, pytest.fail).cancel()
        await turns(3)
        assert clock.now() == 0
        clock.call_later(6, nothing)
        await turns(1)
        assert clock.waited == [6]


T = TypeVar("T")


def noting(ended: list[tuple[T, float]], name: T, clock: ManualClock) -> Callable[[], None]:
    """Make a callback that notes when it is called."""
    return lambda: ended.append((name, clock.now()))


def nothing() -> None:
    pass


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
