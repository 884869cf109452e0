"""The gate that all requests of a client pass."""

import asyncio
import math
from collections.abc import Callable
from types import TracebackType
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import ClientClosedError
from currents_async._clock import Timer
from currents_async._transport.gate import DeadlineExpiredError, Gate, PauseTooLongError
from currents_async._transport.overload import _MANY
from currents_async._transport.pace import Pace
from currents_async._transport.rate_search import KEPT
from currents_async._wire.rate_limits import Allowance
from currents_async.testing.clock import ManualClock


class Crowd:
    """Tasks that want to pass a gate, by name; none is left behind."""

    def __init__(
        self, slots: int = 1, rate: float | None = None, clock: ManualClock | None = None
    ) -> None:
        self.clock = clock or ManualClock(auto=False)
        self._slots = slots
        self.gate = Gate(slots, Pace(None if rate is None else rate / KEPT), self.clock)
        self.passed: list[str] = []
        self.times: list[float] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.cancel(*self._tasks)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self.gate.close()
        assert self.clock.waiting == []

    async def come(self, *names: str, bulk: bool = False, deadline: float = math.inf) -> None:
        """Have tasks come to the gate, one after the other."""
        for name in names:
            self._tasks[name] = asyncio.create_task(self._enter(name, bulk, deadline))
            await settle()

    async def _enter(self, name: str, bulk: bool, deadline: float) -> None:  # noqa: FBT001
        await self.gate.enter(bulk=bulk, deadline=deadline)
        self.passed.append(name)
        self.times.append(self.clock.now())

    async def leave(self, count: int = 1) -> None:
        for _ in range(count):
            self.gate.leave()
        await settle()

    async def respond(self, count: int = 1, *, remaining: int | None = None) -> None:
        """Let requests receive a response whose body is still to be read."""
        said = None if remaining is None else Allowance(50, remaining, reset=60, per=None)
        for _ in range(count):
            self.gate.accepted(sent=self.clock.now(), said=said)
        await settle()

    async def refuse(self, count: int = 1, *, wait: float | None) -> None:
        """Let requests be refused for the rate, and give their slots back."""
        sent = self.clock.now()
        for _ in range(count):
            self.gate.throttled(sent=sent, wait=wait)
            self.gate.leave(responded=True)
        await settle()

    async def leave_all(self) -> None:
        """Give the slots back of all that have received a response."""
        while self.gate._slots < self._slots:
            self.gate.leave(responded=True)
        await settle()

    async def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await settle()

    async def cancel(self, *names: str) -> None:
        for name in names:
            self._tasks[name].cancel()
        await settle()

    def error_of(self, name: str) -> BaseException | None:
        """Return what a task raised, None when it passed; it must be one or the other."""
        return self._tasks[name].exception()

    def pause_of(self, name: str) -> float:
        """Return how long a pause a task was told of."""
        error = self.error_of(name)
        assert isinstance(error, PauseTooLongError)
        return error.seconds

    def is_waiting(self, name: str) -> bool:
        return not self._tasks[name].done()


async def settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


class TestSlots:
    async def test_no_more_pass_than_there_are_slots(self) -> None:
        async with Crowd(slots=3) as crowd:
            await crowd.come(*"abcde")
            assert crowd.passed == ["a", "b", "c"]
            await crowd.leave()
            assert crowd.passed == ["a", "b", "c", "d"]
            await crowd.leave(4)
            await crowd.come(*"fghi")
            assert crowd.passed == list("abcdefgh")

    async def test_a_free_slot_needs_no_timer(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a", deadline=100)
            assert crowd.clock.waiting == []
            await crowd.come("b", deadline=100)
            assert crowd.clock.waiting == [100]
            await crowd.leave()
            assert crowd.clock.waiting == []


class TestOrder:
    async def test_of_arrival(self) -> None:
        async with Crowd() as crowd:
            await crowd.come(*"abcd")
            await crowd.leave(3)
            assert crowd.passed == list("abcd")

    async def test_of_urgency(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("first")
            await crowd.come("b1", "b2", bulk=True)
            await crowd.come("i1", "i2")
            await crowd.come("b3", bulk=True)
            await crowd.come("i3")
            await crowd.leave(6)
            assert crowd.passed == ["first", "i1", "i2", "i3", "b1", "b2", "b3"]

    async def test_a_new_request_does_not_overtake_queued_ones(self) -> None:
        async with Crowd() as crowd:
            await crowd.come(*"ab")
            crowd.gate.leave()  # b has a slot, and has not seen it yet
            await crowd.come("c")
            assert crowd.passed == ["a", "b"]
            assert crowd.is_waiting("c")

    async def test_nor_when_it_comes_before_a_late_timer(self) -> None:
        async with Crowd() as crowd:
            crowd.gate.pause(10)
            await crowd.come("a")
            crowd.clock._now = 10.5  # the timer would have been due
            await crowd.come("b")
            assert crowd.passed == ["a"]
            assert crowd.is_waiting("b")

    async def test_urgent_ones_go_first_after_a_pause_too(self) -> None:
        async with Crowd(slots=4) as crowd:
            crowd.gate.pause(10)
            await crowd.come("b1", "b2", bulk=True)
            await crowd.come("i1", "i2")
            await crowd.wait(10)
            assert crowd.passed == ["i1", "i2", "b1", "b2"]

    async def test_urgent_ones_go_first_at_a_rate_too(self) -> None:
        async with Crowd(slots=9, rate=2) as crowd:
            await crowd.come("b0", "b1", "b2", bulk=True)
            await crowd.come("i1", "i2")
            for _ in range(5):
                await crowd.wait(0.5)
            assert crowd.passed == ["b0", "i1", "i2", "b1", "b2"]


class TestCancellation:
    async def test_in_the_queue_makes_room(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a", "b", "c", deadline=50)
            await crowd.cancel("b")
            assert crowd.clock.waiting == [50]
            await crowd.leave()
            assert crowd.passed == ["a", "c"]

    async def test_together_with_the_slot(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a", "b", "c")
            crowd.gate.leave()
            await crowd.cancel("b")
            assert crowd.passed == ["a", "c"]

    async def test_together_with_a_pause_that_is_too_long(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a", "b")
            crowd.gate.pause(100)
            await crowd.cancel("b")
            await crowd.leave()
            await crowd.wait(100)
            await crowd.come("c")
            assert crowd.passed == ["a", "c"]

    async def test_of_all_leaves_all_slots(self) -> None:
        async with Crowd(slots=2) as crowd:
            await crowd.come(*"abcdef")
            crowd.gate.leave()
            crowd.gate.leave()
            await crowd.cancel(*"cdef")
            await crowd.come(*"ghi")
            assert crowd.passed == list("abgh")


class TestPause:
    async def test_is_kept_by_all_with_one_timer(self) -> None:
        async with Crowd(slots=3) as crowd:
            crowd.gate.pause(5)
            await crowd.come(*"abc")
            assert crowd.clock.waiting == [5]
            await crowd.wait(4.999)
            assert crowd.passed == []
            await crowd.wait(0.001)
            assert crowd.passed == ["a", "b", "c"]
            assert crowd.times == [5, 5, 5]

    async def test_the_longest_wins(self) -> None:
        async with Crowd(slots=3) as crowd:
            crowd.gate.pause(5)
            await crowd.come("a")
            crowd.gate.pause(2)
            await crowd.wait(3)
            crowd.gate.pause(4)
            await crowd.come("b")
            await crowd.wait(3.9)
            assert crowd.passed == []
            await crowd.wait(0.1)
            assert crowd.times == [7, 7]

    async def test_begins_while_others_wait_for_a_slot(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a", "b")
            crowd.gate.pause(5)
            await crowd.leave()
            assert crowd.passed == ["a"]
            await crowd.wait(5)
            assert crowd.passed == ["a", "b"]

    @pytest.mark.parametrize(
        ("seconds", "time_left", "waits"),
        [
            (60, math.inf, True),
            (60.5, math.inf, False),
            (60, 60.5, True),
            (60.5, 61, False),
            (10, 10.5, True),
            (10, 9.5, False),
            (86_400, math.inf, False),
        ],
    )
    @pytest.mark.parametrize("who", ["comes", "waits"])
    async def test_is_kept_or_fails_at_once(
        self, seconds: float, time_left: float, who: str, *, waits: bool
    ) -> None:
        async with Crowd(slots=2) as crowd:
            await crowd.wait(1000)
            crowd.gate.pause(0.25)
            if who == "waits":
                await crowd.come("a", deadline=1000 + time_left)
            crowd.gate.pause(seconds)
            if who == "comes":
                await crowd.come("a", deadline=1000 + time_left)
            await settle()
            if waits:
                await crowd.wait(seconds - 0.5)
                assert crowd.is_waiting("a")
                await crowd.wait(0.5)
                assert crowd.passed == ["a"]
            else:
                assert crowd.pause_of("a") == seconds
                assert crowd.clock.waiting == []

    async def test_later_requests_fail_with_what_is_left_of_it(self) -> None:
        async with Crowd() as crowd:
            crowd.gate.pause(100)
            await crowd.wait(30)
            await crowd.come("a")
            assert crowd.pause_of("a") == 70
            await crowd.wait(10)
            await crowd.come("b")
            assert crowd.is_waiting("b")
            await crowd.wait(60)
            assert crowd.times == [100]

    async def test_failed_requests_give_way_to_those_with_time(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a")
            await crowd.come("short", deadline=5)
            await crowd.come("long", deadline=50)
            crowd.gate.pause(20)
            await crowd.leave()
            assert crowd.pause_of("short") == 20
            await crowd.wait(20)
            assert crowd.passed == ["a", "long"]


class TestDeadline:
    async def test_no_slot_in_time(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a")
            await crowd.come("b", deadline=7)
            await crowd.wait(6.5)
            assert crowd.is_waiting("b")
            await crowd.wait(0.5)
            assert type(crowd.error_of("b")) is DeadlineExpiredError
            await crowd.come("c")
            await crowd.leave()
            assert crowd.passed == ["a", "c"]

    async def test_a_slot_just_in_time(self) -> None:
        async with Crowd(slots=2, rate=0.5) as crowd:
            await crowd.come("a")
            await crowd.come("b", deadline=2.1)
            await crowd.come("c", deadline=3.9)
            await crowd.wait(2)
            await crowd.leave()
            await crowd.wait(2)
            assert crowd.times == [0, 2]
            assert type(crowd.error_of("c")) is DeadlineExpiredError

    async def test_each_has_its_own(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a")
            for name, deadline in (("b", 3), ("c", 1), ("d", 2)):
                await crowd.come(name, deadline=deadline)
            await crowd.wait(1.5)
            assert [crowd.is_waiting(name) for name in "bcd"] == [True, False, True]
            await crowd.leave()
            assert crowd.passed == ["a", "b"]


class TestWhatIsLeft:
    """As long as the rate is not known, no more leave than the server says it will take."""

    async def test_no_more_leave_than_are_left(self) -> None:
        async with Crowd(slots=9) as crowd:
            await crowd.come(*"abcdef")
            await crowd.respond(remaining=7)
            await crowd.come(*"gh")
            assert len(crowd.passed) == 8, "five of six are on their way, and seven are left"
            await crowd.respond(remaining=3)
            await crowd.come("i")
            assert crowd.is_waiting("i"), "six on their way, of which three will be taken"
            await crowd.respond(remaining=2)
            await crowd.respond(remaining=1)
            await crowd.respond(remaining=0)
            assert crowd.is_waiting("i")
            await crowd.respond(3, remaining=0)
            assert not crowd.is_waiting("i"), "one may always ask"

    async def test_a_request_without_a_response_makes_room_too(self) -> None:
        async with Crowd(slots=9) as crowd:
            await crowd.come(*"abc")
            await crowd.respond(remaining=1)
            await crowd.come("d")
            assert crowd.is_waiting("d")
            await crowd.leave()
            assert crowd.is_waiting("d")
            await crowd.leave()
            assert not crowd.is_waiting("d")

    async def test_a_new_window_lets_all_of_them_go(self) -> None:
        async with Crowd(slots=9) as crowd:
            await crowd.come("a")
            await crowd.respond(remaining=0)
            await crowd.come(*"bcde")
            assert crowd.passed == ["a", "b"]
            await crowd.respond(remaining=49)
            assert crowd.passed == list("abcde")

    async def test_a_server_that_does_not_say(self) -> None:
        async with Crowd(slots=9) as crowd:
            await crowd.come("a")
            await crowd.respond()
            await crowd.come(*"bcde")
            assert crowd.passed == list("abcde")

    async def test_after_the_reset_it_is_no_longer_true(self) -> None:
        async with Crowd(slots=9) as crowd:
            await crowd.come("a")
            await crowd.respond(remaining=0)
            await crowd.come("b")
            await crowd.wait(59.5)
            await crowd.come("c", "d")
            assert crowd.passed == list("ab")
            await crowd.wait(0.5)
            await crowd.come("e")
            assert sorted(crowd.passed) == list("abcde")

    async def test_a_server_that_accepts_all_the_same_is_not_believed(self) -> None:
        async with Crowd(slots=9) as crowd:
            for name in "abcde":
                await crowd.come(name)
                await crowd.respond(remaining=0)
            await crowd.come(*"fg")
            assert crowd.passed == list("abcdefg")

    async def test_a_known_rate_is_enough(self) -> None:
        """Near the end of each window hardly anything is left, and the next one is near."""
        async with Crowd(slots=9, rate=4) as crowd:
            await crowd.come("a")
            await crowd.respond(remaining=0)
            await crowd.come("b")
            await crowd.wait(0.25)
            await crowd.come("c")
            await crowd.wait(0.25)
            assert crowd.passed == list("abc")

    async def test_from_a_limit_on_it_is_known(self) -> None:
        async with Crowd(slots=9) as crowd:
            await crowd.come(*"ab")
            await crowd.respond(remaining=0)
            await crowd.come(*"cdef")
            assert crowd.passed == list("ab")
            await crowd.respond(remaining=1)
            await crowd.come("g")
            assert crowd.passed == list("abc")
            await crowd.come(*"hi")
            await crowd.refuse(wait=1)
            for _ in range(8):
                await crowd.wait(1)
                await crowd.respond()
            assert crowd.passed == list("abcdefghi")


class TestRate:
    async def test_a_queue_leaves_at_the_rate(self) -> None:
        async with Crowd(slots=9, rate=4) as crowd:
            await crowd.come(*"abcd")
            for _ in range(100):
                await crowd.wait(0.01)
            assert crowd.times == [pytest.approx(time) for time in (0, 0.25, 0.5, 0.75)]

    async def test_late_timers_do_not_lower_it(self) -> None:
        class Late(ManualClock):
            def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
                return super().call_later(seconds + 1 / 64, callback)

        async with Crowd(slots=9, rate=8, clock=Late(auto=False)) as crowd:
            await crowd.come(*"abcd")
            for _ in range(32):
                await crowd.wait(1 / 64)
            assert crowd.times == [0, 1 / 8 + 1 / 64, 2 / 8 + 1 / 64, 3 / 8 + 1 / 64]

    async def test_slots_bound_it_as_well(self) -> None:
        async with Crowd(slots=1, rate=4) as crowd:
            await crowd.come(*"abc")
            await crowd.wait(5)
            assert crowd.times == [0]
            await crowd.leave()
            assert crowd.times == [0, 5]
            await crowd.leave()
            await crowd.wait(0.3)
            assert crowd.times == [0, 5, pytest.approx(5.25, abs=0.1)]

    async def test_throttles_slow_down_the_queue(self) -> None:
        async with Crowd(slots=16) as crowd:
            await crowd.come(*"abcdefghijkl")
            await crowd.respond(10)
            await crowd.refuse(2, wait=1)
            await crowd.leave_all()
            await crowd.come(*"mnopqrst")
            assert len(crowd.passed) == 12
            await crowd.wait(0.999)
            assert len(crowd.passed) == 12
            await crowd.wait(0.101)
            assert 12 < len(crowd.passed) < 20

    async def test_a_lone_throttle_does_not(self) -> None:
        async with Crowd(slots=16) as crowd:
            await crowd.come(*"abcdefghijk")
            await crowd.respond(10)
            await crowd.refuse(wait=1)
            await crowd.leave_all()
            await crowd.come(*"mnopqrst")
            assert len(crowd.passed) == 11
            await crowd.wait(1)
            assert len(crowd.passed) == 19


class TestOverload:
    """Errors that mean a failure if there is one of them, and a limit if there are many."""

    async def fail(self, crowd: Crowd, wait: float | None = None) -> bool:
        await crowd.come("a")
        is_throttle = crowd.gate.failed(sent=crowd.clock.now(), wait=wait)
        crowd.gate.leave(responded=True)
        return is_throttle

    async def test_one_is_a_failure_and_many_are_throttles(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("first")
            crowd.gate.accepted(sent=crowd.clock.now())
            crowd.gate.leave(responded=True)
            found = [await self.fail(crowd) for _ in range(_MANY)]
            assert found == [False] * (_MANY - 1) + [True]

    async def test_a_pause_that_it_asks_for_is_kept(self) -> None:
        async with Crowd() as crowd:
            await self.fail(crowd, wait=5)
            assert crowd.gate.delay() == 5
            await crowd.come("b", deadline=3)
            assert crowd.pause_of("b") == 5

    async def test_those_with_less_time_fail_at_once(self) -> None:
        async with Crowd(slots=2) as crowd:
            await crowd.come("x", "y")
            await crowd.come("hasty", deadline=3)
            crowd.gate.failed(sent=0, wait=5)
            crowd.gate.leave(responded=True)
            await settle()
            assert crowd.pause_of("hasty") == 5


class TestClosing:
    async def test_fails_queued_and_sleeping_calls(self) -> None:
        async with Crowd() as crowd:
            await crowd.come("a")
            await crowd.come("b", deadline=100)
            crowd.gate.pause(20)
            sleeper = asyncio.create_task(crowd.gate.sleep(5))
            await settle()
            assert crowd.clock.waiting == [5, 100]
            crowd.gate.close()
            await settle()
            assert type(crowd.error_of("b")) is ClientClosedError
            assert type(sleeper.exception()) is ClientClosedError
            assert crowd.clock.waiting == []
            crowd.gate.close()

    async def test_finished_sleeps_are_forgotten(self) -> None:
        gate = Gate(1, Pace(None), ManualClock())
        await gate.sleep(1)
        assert not gate._asleep

    async def test_sleep_ends_at_its_time(self) -> None:
        async with Crowd() as crowd:
            sleeper = asyncio.create_task(crowd.gate.sleep(5))
            await settle()
            await crowd.wait(4.5)
            assert not sleeper.done()
            await crowd.wait(0.5)
            assert sleeper.done()
            assert crowd.clock.waited == [5]

    async def test_sleep_given_up(self) -> None:
        async with Crowd() as crowd:
            sleeper = asyncio.create_task(crowd.gate.sleep(5))
            await settle()
            sleeper.cancel()
            await settle()
            assert crowd.clock.waiting == []
            crowd.gate.close()


EVENTS = st.one_of(
    st.tuples(st.just("come"), st.booleans(), st.sampled_from([math.inf, 5.0, 30.0])),
    st.tuples(st.just("lost")),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.1, 1.0, 10.0])),
    st.tuples(st.just("cancel"), st.integers(0, 50)),
    st.tuples(st.just("pause"), st.sampled_from([0.5, 3.0, 20.0, 90.0])),
    st.tuples(
        st.just("throttled"),
        st.none() | st.sampled_from([0.0, 1.0, 3.0, 90.0]),
        st.none() | st.integers(0, 3),
    ),
    st.tuples(st.just("failed"), st.none() | st.sampled_from([0.0, 1.0])),
    st.tuples(st.just("accepted"), st.none() | st.integers(0, 3)),
    st.tuples(st.just("turn")),
)


def said(remaining: object) -> Allowance | None:
    return Allowance(10, remaining, reset=5, per=None) if isinstance(remaining, int) else None


class Observer:
    """Plays events at a gate, and objects to what must not be."""

    def __init__(self, slots: int, rate: float | None) -> None:
        self.clock = ManualClock(auto=False)
        self.gate = Gate(slots, Pace(rate, workers=slots), self.clock)
        self.slots = slots
        self.inside: list[float] = []
        """When each request was sent that is at the server."""
        self.paused_until = 0.0
        self.tasks: list[asyncio.Task[None]] = []

    async def enter(self, deadline: float, *, bulk: bool) -> None:
        await self.gate.enter(bulk=bulk, deadline=deadline)
        self.inside.append(self.clock.now())
        assert len(self.inside) <= self.slots

    def watch_turns(self) -> None:
        """Check each slot when it is given, which is before its task sees it."""
        give = self.gate._pass

        def check(now: float, *, late: float = 0) -> None:
            assert now >= self.paused_until
            waiting = [bulk for bulk, _, waiter in self.gate._waiting if not waiter.slot.done()]
            if waiting and self.gate._waiting[0][0]:
                assert all(waiting)
            give(now, late=late)

        self.gate._pass = check  # type: ignore[method-assign]

    def asked(self, seconds: object) -> float | None:
        """Note a pause that the server asks for."""
        if not isinstance(seconds, float):
            return None
        self.paused_until = max(self.paused_until, self.clock.now() + seconds)
        return seconds

    async def play(self, event: tuple[object, ...]) -> None:
        match event:
            case ("come", bool(bulk), float(time)):
                deadline = self.clock.now() + time
                self.tasks.append(asyncio.create_task(self.enter(deadline, bulk=bulk)))
            case ("lost",) if self.inside:
                self.inside.pop(0)
                self.gate.leave()
            case ("wait", float(seconds)):
                self.clock.advance(seconds)
            case ("cancel", int(number)) if number < len(self.tasks):
                self.tasks[number].cancel()
            case ("pause", float(seconds)):
                self.asked(seconds)
                self.gate.pause(seconds)
            case ("throttled", wait, remaining) if self.inside:
                sent = self.inside.pop(0)
                self.gate.throttled(sent=sent, wait=self.asked(wait), said=said(remaining))
                self.gate.leave(responded=True)
            case ("failed", wait) if self.inside:
                self.gate.failed(sent=self.inside.pop(0), wait=self.asked(wait))
                self.gate.leave(responded=True)
            case ("accepted", remaining) if self.inside:
                self.gate.accepted(sent=self.inside.pop(0), said=said(remaining))
                self.gate.leave(responded=True)
            case _:
                await settle()

    async def drain(self) -> None:
        """Let everybody pass who can: nobody may be forgotten."""
        for _ in range(100 + 20 * len(self.tasks)):
            await settle()
            while self.inside:
                await self.play(("accepted", None))
            await self.play(("wait", 1.0))
        await settle()
        for task in self.tasks:
            assert task.done()
            if not task.cancelled():
                error = task.exception()
                assert error is None or isinstance(
                    error, PauseTooLongError | DeadlineExpiredError
                ), error


@given(
    st.integers(1, 4),
    st.one_of(st.none(), st.sampled_from([0.5, 3.0, 100.0])),
    st.lists(EVENTS, max_size=60),
)
async def test_any_sequence_of_events(
    slots: int, rate: float | None, events: list[tuple[object, ...]]
) -> None:
    """A pause that was asked for is kept by all, and there is always progress."""
    observer = Observer(slots, rate)
    observer.watch_turns()
    for event in events:
        await observer.play(event)
    await observer.drain()
    assert observer.gate._slots == slots
    assert observer.gate._pace._in_flight == 0
    assert observer.clock.waiting == []
