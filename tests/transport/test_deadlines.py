"""One timer for all steps that wait for the network, in a loop whose time we move."""

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from currents_async._transport.deadlines import Deadlines


class Steps:
    """Steps under a watch, by name, and when they ended."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = 1000.0
        self.watch = Deadlines()
        self.ended: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, asyncio.Event] = {}
        self.loop.time = lambda: self.now  # type: ignore[method-assign]

    async def begin(self, name: str, seconds: float) -> None:
        self._done[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._step(name, seconds))
        await self.turns()

    async def _step(self, name: str, seconds: float) -> None:
        step = self.watch.begin(seconds)
        try:
            await self._done[name].wait()
        except asyncio.CancelledError:
            if not self.watch.end(step):
                raise
            self.ended[name] = self.now - 1000
        finally:
            self.watch.end(step)

    async def finish(self, name: str) -> None:
        """Have a step be done in time."""
        self._done[name].set()
        await self.turns()
        await self._tasks[name]

    def cancel(self, name: str) -> None:
        self._tasks[name].cancel()

    async def at(self, time: float) -> None:
        """Move the time of the loop on to so many seconds after the beginning."""
        self.now = 1000 + time
        await self.turns()

    async def end(self) -> None:
        for name in self._tasks:
            await self.finish(name)
        assert not self.watch._ends
        del self.loop.time

    @staticmethod
    async def turns() -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_step_ends_at_its_time() -> None:
    steps = Steps()
    await steps.begin("a", 5)
    await steps.at(4.999)
    assert steps.ended == {}
    await steps.at(5)
    assert steps.ended == {"a": 5}
    await steps.end()


async def test_a_cancellation_from_outside_at_the_same_time_is_not_taken_for_it() -> None:
    steps = Steps()
    await steps.begin("a", 5)
    steps.watch.end_all()
    steps.cancel("a")
    with pytest.raises(asyncio.CancelledError):
        await steps.finish("a")
    assert steps.ended == {}
    assert not steps.watch._ends


async def test_the_cancellation_is_taken_back_once_the_step_is_over() -> None:
    watch, task = Deadlines(), asyncio.current_task()
    assert task is not None
    step = watch.begin(math.inf)
    watch.end_all()
    assert task.cancelling() == 1
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    assert watch.end(step)
    assert task.cancelling() == 0
    assert not watch.end(step)


async def test_a_later_step_may_end_sooner() -> None:
    steps = Steps()
    await steps.begin("a", 5)
    await steps.begin("b", 9)
    await steps.at(1)
    await steps.begin("c", 2)
    for second in range(2, 12):
        await steps.at(second)
    assert steps.ended == {"c": 3, "a": 5, "b": 9}
    await steps.end()


async def test_a_finished_step_is_not_ended() -> None:
    steps = Steps()
    await steps.begin("a", 5)
    await steps.begin("b", 6)
    await steps.finish("a")
    await steps.at(5.5)
    await steps.at(6)
    assert steps.ended == {"b": 6}
    await steps.end()


async def test_no_limit() -> None:
    steps = Steps()
    await steps.begin("a", math.inf)
    await steps.at(1e9)
    assert steps.ended == {}
    assert steps.watch._timer is None
    await steps.end()


@pytest.mark.parametrize("seconds", [0, -1])
async def test_no_time_at_all(seconds: float) -> None:
    steps = Steps()
    await steps.begin("a", seconds)
    assert steps.ended == {"a": 0}
    await steps.end()


async def test_all_at_once() -> None:
    steps = Steps()
    for name, seconds in (("a", 5), ("b", math.inf), ("c", 60)):
        await steps.begin(name, seconds)
    steps.watch.end_all()
    steps.watch.end_all()
    await steps.turns()
    assert steps.ended == {"a": 0, "b": 0, "c": 0}
    assert steps.watch._timer is None
    await steps.end()


async def test_one_timer_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()
    timers: list[asyncio.TimerHandle] = []
    call_at = steps.loop.call_at

    def counted(*args: object) -> asyncio.TimerHandle:
        timers.append(call_at(*args))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return timers[-1]

    monkeypatch.setattr(steps.loop, "call_at", counted)
    for number in range(1000):
        await steps.begin(str(number), 10 + number / 1e6)
    assert len(timers) == 1
    await steps.at(10.1)
    assert len(steps.ended) == 1000
    # Those that end within a hundredth of a second end together.
    assert len(timers) <= 3
    assert sum(not timer.cancelled() for timer in timers if timer.when() > steps.now) == 0
    await steps.end()


@given(
    st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 1)), min_size=1, max_size=20),
    st.sets(st.integers(0, 19)),
)
@settings(max_examples=50)
async def test_no_step_ends_early_or_late_or_is_forgotten(
    begun: list[tuple[float, float]], finished: set[int]
) -> None:
    steps = Steps()
    ends: dict[str, float] = {}
    now = 0.0
    tick = 1 / 128
    try:
        for number, (gap, seconds) in enumerate(begun):
            until = now + gap
            while now < until:
                now += tick
                await steps.at(now)
            await steps.begin(str(number), seconds)
            ends[str(number)] = now + seconds
            if number in finished:
                await steps.finish(str(number))
        while now < max(ends.values()) + 0.1:
            now += tick
            await steps.at(now)
        for name, end in ends.items():
            if name in steps.ended:
                assert end - 1e-6 <= steps.ended[name] <= end + 0.01 + 2 * tick
            else:
                assert int(name) in finished
    finally:
        await steps.end()


async def test_a_step_that_goes_on_is_looked_at_until_that_is_enough() -> None:
    steps, looks, answers = Steps(), list[float](), [False, True]

    def look() -> bool:
        looks.append(steps.now - 1000)
        return answers[len(looks) - 1]

    step = steps.watch.begin(10, 2, look)
    for time in (1.9, 2, 3.9, 4, 9):
        await steps.at(time)
    assert looks == [2, 4]
    assert not steps.watch.end(step)
    await steps.end()


async def test_a_step_that_is_over_is_not_looked_at() -> None:
    steps = Steps()
    steps.watch.end(steps.watch.begin(10, 2, lambda: pytest.fail("it is over")))
    await steps.at(3)
    await steps.end()
