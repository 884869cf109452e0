"""When the next request may leave: pauses, given rates, and what refusals and failures mean."""

import math
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.overload import _LAST, _MANY
from currents_async._transport.pace import Pace
from currents_async._transport.rate_in_use import RateInUse
from currents_async._transport.rate_search import KEPT
from currents_async._wire.rate_limits import Allowance

WORKERS = 16


def exactly(value: float) -> object:
    """Compare up to the rounding of a float."""
    return pytest.approx(value, rel=1e-12, abs=1e-12)


class Traffic:
    """Requests of a client, in the order in which they were sent."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.now = 0.0
        self.pace = pace or Pace(workers=WORKERS)
        self._in_flight: deque[float] = deque()

    def wait(self, seconds: float) -> None:
        self.now += seconds

    @property
    def in_use(self) -> RateInUse:
        return self.pace.in_use(self.now)

    def may_send(self) -> bool:
        return not self.pace.delay(self.now) and self.pace.has_room(self.now)

    def send(self, number: int = 1) -> None:
        for _ in range(number):
            assert self.may_send()
            self.pace.leave(self.now)
            self._in_flight.append(self.now)

    def send_all(self, most: int = 1000) -> int:
        """Send all that may leave now, and return how many that were."""
        number = 0
        while self.may_send() and number < most:
            self.send()
            number += 1
        return number

    def accept(self, number: int = 1, said: Allowance | None = None) -> None:
        for _ in range(number):
            self.pace.accepted(self.now, sent=self._in_flight.popleft(), said=said)

    def refuse(
        self, number: int = 1, wait: float | None = None, said: Allowance | None = None
    ) -> None:
        for _ in range(number):
            self.pace.throttled(self.now, sent=self._in_flight.popleft(), wait=wait, said=said)

    def fail(self, wait: float | None = None) -> bool:
        return self.pace.failed(self.now, sent=self._in_flight.popleft(), wait=wait)

    def lose(self) -> None:
        self._in_flight.popleft()
        self.pace.lost()

    def goes_well(self, number: int, latency: float = 0.05) -> None:
        """Have requests accepted, one after the other."""
        for _ in range(number):
            self.wait(self.pace.delay(self.now))
            self.send()
            self.wait(latency)
            self.accept()

    def has_enough(self, accepted: int = 20, refused: int = 4, wait: float | None = 1.0) -> None:
        """Have many sent at once, of which the server refuses the last ones."""
        self.send(accepted + refused)
        self.wait(0.05)
        self.accept(accepted)
        self.refuse(refused, wait)


class TestPauses:
    def test_none_at_first(self) -> None:
        pace = Pace()
        assert (pace.delay(0), pace.pause_left(0), pace.rate) == (0, 0, math.inf)
        assert pace.has_room(0)

    @pytest.mark.parametrize(
        ("asked", "left"),
        [
            ([(0, 5)], 5),
            ([(0, 5), (0, 3)], 5),
            ([(0, 3), (0, 5)], 5),
            ([(0, 5), (1, 3)], 5),
            ([(0, 5), (1, 4.5)], 5.5),
            ([(0, 5), (7, 1)], 8),
            ([(0, 0)], 0),
        ],
    )
    def test_the_longest_wins(self, asked: list[tuple[float, float]], left: float) -> None:
        pace = Pace()
        for now, seconds in asked:
            pace.pause(now, seconds)
        assert pace.delay(0) == pace.pause_left(0) == left
        assert pace.delay(left - 0.25 if left else 0) == (0.25 if left else 0)
        assert pace.delay(left) == pace.delay(left + 1) == 0

    @pytest.mark.parametrize(
        ("asked", "reported"),
        [
            ([(0, 1)], []),
            ([(0, 5)], [5]),
            ([(0, 5), (1, 60)], [5]),
            ([(0, 0.9), (0.5, 3)], [3]),
            ([(0, 5), (1, 6), (8, 2)], [5, 2]),
        ],
    )
    def test_a_long_one_is_reported_once(
        self, asked: list[tuple[float, float]], reported: list[float]
    ) -> None:
        seen: list[RateInUse] = []
        now = 0.0
        pace = Pace(paused=lambda: seen.append(pace.in_use(now)))
        for now, seconds in asked:
            pace.pause(now, seconds)
        assert [one.pause_left for one in seen] == reported
        assert {one.pause_reason for one in seen} <= {"asked"}

    def test_one_that_nobody_asked_for_is_part_of_a_search(self) -> None:
        seen: list[RateInUse] = []
        traffic = Traffic(Pace(workers=WORKERS, paused=lambda: seen.append(traffic.in_use)))
        traffic.has_enough(wait=None)
        while not seen:
            traffic.wait(traffic.pace.delay(traffic.now))
            traffic.send()
            traffic.wait(0.05)
            traffic.refuse(1, None)
        assert seen[0].pause_left > 1
        assert str(seen[0]) == "paused 2 s: its limit is being found"

    @given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1))
    def test_no_request_leaves_before_the_last_end(self, asked: list[tuple[float, float]]) -> None:
        pace = Pace()
        end = 0.0
        for now, seconds in asked:
            pace.pause(now, seconds)
            end = max(end, now + seconds)
            assert now + pace.pause_left(now) == exactly(max(now, end))


class TestGivenRate:
    """It is kept a little below: 0.96 of it."""

    @pytest.mark.parametrize(
        ("rate", "leaves"),
        [
            (2, [0, 0.5, 1, 1.5, 2]),
            (0.5, [0, 2, 4, 6, 8]),
            (10, [0, 0.1, 0.2, 0.3, 0.4]),
            (100, [0, 0.01, 0.02, 0.03, 0.04]),
        ],
    )
    @pytest.mark.parametrize("late", [0.0, 1e-4])
    def test_requests_that_are_always_ready(
        self, rate: float, leaves: list[float], late: float
    ) -> None:
        pace = Pace(rate)
        now, times = 0.0, list[float]()
        for number in range(5):
            now += pace.delay(now)
            times.append(now)
            now += late if number else 0
            pace.leave(now, late=late if number else 0)
        assert times == [exactly(leave / KEPT) for leave in leaves]

    def test_the_lateness_of_timers_is_made_up_for(self) -> None:
        pace = Pace(10 / KEPT)
        pace.leave(0)
        pace.leave(0.11, late=0.01)
        assert pace.delay(0.11) == exactly(0.09)
        pace.leave(0.9, late=0.7)  # far too late: 0.02 are made up for
        assert pace.delay(0.9) == exactly(0.08)

    def test_that_of_callers_is_not(self) -> None:
        pace = Pace(10 / KEPT)
        pace.leave(0)
        pace.leave(0.13)
        assert pace.delay(0.13) == exactly(0.1)

    def test_a_limit_below_it_counts(self) -> None:
        """Others may use the key, or the rate may have been too much."""
        traffic = Traffic(Pace(1000))
        traffic.goes_well(50)
        for _ in range(2):
            for _ in range(4):
                traffic.wait(traffic.pace.delay(traffic.now))
                traffic.send()
            traffic.refuse(4, wait=1)
            traffic.goes_well(50)
        assert traffic.pace.rate < 100

    def test_a_limit_above_it_does_not(self) -> None:
        traffic = Traffic(Pace(10))
        traffic.goes_well(300)
        assert traffic.pace.rate == exactly(10 * KEPT)

    @given(st.floats(1, 500), st.lists(st.tuples(st.floats(0, 2), st.floats(0, 0.02))))
    def test_no_window_of_a_second_holds_more_than_the_rate(
        self, rate: float, comers: list[tuple[float, float]]
    ) -> None:
        """Whatever is late, and arrives late, by up to a fiftieth of a second."""
        pace = Pace(rate)
        now = 0.0
        window: deque[float] = deque()
        for gap, late in comers:
            ready = now + gap
            delay = pace.delay(ready)
            now = ready + delay + (late if delay else 0)
            pace.leave(now, late=late if delay else 0)
            window.append(now)
            while window[0] <= now - 1:
                window.popleft()
            assert len(window) <= math.ceil(rate)


class TestStrays:
    @pytest.mark.parametrize("before", [0, 1, 30, 500])
    @pytest.mark.parametrize("wait", [None, 0.0, 1.0, 5.0])
    def test_a_lone_refusal_keeps_its_pause_and_changes_nothing_else(
        self, before: int, wait: float | None
    ) -> None:
        traffic = Traffic()
        traffic.goes_well(before)
        traffic.send()
        traffic.wait(0.05)
        traffic.refuse(wait=wait)
        assert traffic.pace.delay(traffic.now) == exactly(wait or 0)
        traffic.wait(wait or 0)
        assert traffic.send_all(200) == 200
        assert traffic.pace.rate == math.inf

    def test_one_of_many_in_flight_is_as_lone(self) -> None:
        traffic = Traffic()
        traffic.send(16)
        traffic.wait(0.05)
        traffic.accept(7)
        traffic.refuse(wait=1)
        traffic.accept(8)
        assert traffic.pace.delay(traffic.now) == 1
        traffic.wait(1)
        assert traffic.send_all(200) == 200

    def test_nothing_leaves_until_it_is_clear(self) -> None:
        """What was in flight tells what a refusal means."""
        traffic = Traffic()
        traffic.goes_well(20)
        traffic.send(16)
        traffic.wait(0.05)
        traffic.refuse(wait=0)
        assert not traffic.may_send()
        traffic.accept(15)
        assert traffic.may_send()

    def test_responses_that_never_come_are_not_waited_for(self) -> None:
        traffic = Traffic()
        traffic.goes_well(20)
        traffic.send(16)
        traffic.wait(0.05)
        traffic.refuse(wait=0)
        traffic.wait(1)
        assert traffic.may_send()

    def test_nor_those_that_are_lost(self) -> None:
        traffic = Traffic()
        traffic.send(3)
        traffic.wait(0.05)
        traffic.refuse(wait=0)
        traffic.lose()
        traffic.lose()
        assert traffic.may_send()


class TestLimits:
    @pytest.mark.parametrize("wait", [0.5, 1.0])
    def test_many_refusals_are_a_pause_and_a_rate(self, wait: float) -> None:
        traffic = Traffic()
        traffic.has_enough(wait=wait)
        assert traffic.pace.delay(traffic.now) == exactly(wait)
        assert traffic.pace.pause_left(traffic.now) == exactly(wait)
        traffic.wait(wait)
        assert 0 < traffic.send_all() < 20
        assert traffic.pace.rate < 100
        assert traffic.pace.in_use(traffic.now).throttles == 4

    def test_the_longest_pause_of_several_is_kept(self) -> None:
        traffic = Traffic()
        traffic.send(8)
        traffic.wait(0.05)
        traffic.accept(5)
        for wait in (1.0, 1.7, 1.2):
            traffic.refuse(wait=wait)
        assert traffic.pace.delay(traffic.now) == exactly(1.7)

    def test_more_is_tried_until_the_server_has_enough_again(self) -> None:
        traffic = Traffic()
        traffic.has_enough()
        traffic.wait(1)
        rates = list[float]()
        for _ in range(200):
            traffic.goes_well(1, latency=0.01)
            rates.append(traffic.pace.rate)
        assert rates == sorted(rates)
        assert rates[-1] > 10 * rates[0]

    def test_without_another_refusal_there_is_no_limit_any_more(self) -> None:
        traffic = Traffic()
        traffic.has_enough()
        traffic.wait(1)
        traffic.goes_well(100_000, latency=0)
        assert traffic.pace.rate == math.inf
        assert traffic.pace.in_use(traffic.now).reason == "unlimited"

    def test_then_it_is_what_was_accepted(self) -> None:
        """A bucket of 20 that is filled by 50 a second."""
        traffic, tokens, filled = Traffic(), 20.0, 0.0
        refusals = 0
        while traffic.now < 12:
            traffic.wait(traffic.pace.delay(traffic.now))
            traffic.send()
            traffic.wait(0.002)
            tokens = min(20.0, tokens + 50 * (traffic.now - filled))
            filled = traffic.now
            if tokens >= 1:
                tokens -= 1
                traffic.accept()
                continue
            # What is in flight beside it is refused too.
            beside = traffic.send_all(3)
            traffic.refuse(1 + beside, wait=1.0)
            refusals += 1
        assert 35 <= traffic.pace.rate <= 75
        assert refusals <= 12

    def test_a_told_rate_needs_no_search(self) -> None:
        traffic = Traffic()
        said = Allowance(limit=50, remaining=0, reset=1, per=1)
        traffic.send(24)
        traffic.wait(0.05)
        traffic.accept(20)
        traffic.refuse(4, wait=1, said=said)
        traffic.wait(1)
        assert traffic.may_send()
        assert 40 <= traffic.pace.rate <= 50


class TestWindows:
    """A long pause is the rest of a window."""

    def test_all_of_the_next_one_is_sent_at_once_and_one_more(self) -> None:
        traffic = Traffic()
        traffic.has_enough(accepted=100, wait=30)
        for _ in range(3):
            assert traffic.pace.delay(traffic.now) == exactly(30)
            traffic.wait(30)
            sent = traffic.send_all()
            assert 100 <= sent <= 101
            traffic.wait(0.05)
            traffic.accept(100)
            if sent == 100:
                assert traffic.send_all() == 1
            traffic.refuse(1, wait=30)

    def test_a_window_that_takes_more_than_before_is_followed(self) -> None:
        traffic = Traffic()
        traffic.has_enough(accepted=100, wait=30)
        traffic.wait(30)
        accepted = 0
        for _ in range(400):
            sent = traffic.send_all(16)
            assert sent
            traffic.wait(0.05)
            traffic.accept(sent)
            accepted += sent
        assert accepted > 1000

    @pytest.mark.parametrize("wait", [None, 1.0])
    def test_time_in_which_nothing_was_to_be_sent_is_none(self, wait: float | None) -> None:
        traffic = Traffic()
        traffic.has_enough(wait=wait)
        traffic.wait(100)
        traffic.send()
        traffic.wait(0.05)
        traffic.accept()
        assert traffic.pace.in_use(traffic.now).window is None

    def test_one_that_takes_far_less_is_none(self) -> None:
        traffic = Traffic()
        traffic.has_enough(accepted=100, wait=30)
        traffic.wait(30)
        sent = traffic.send_all(10)
        traffic.wait(0.05)
        traffic.accept(5)
        traffic.refuse(sent - 5, wait=30)
        traffic.wait(30)
        assert traffic.send_all() < 100


class TestSilentServers:
    """The server does not say how long to wait: one request after the other asks."""

    def stop(self) -> Traffic:
        traffic = Traffic()
        traffic.goes_well(100)
        traffic.has_enough(refused=5, wait=None)
        return traffic

    def test_few_concern_themselves_alone(self) -> None:
        traffic = Traffic()
        for _ in range(50):
            traffic.goes_well(12)
            traffic.has_enough(refused=4, wait=None)
            assert traffic.may_send()
        assert traffic.pace.rate == math.inf

    def test_nothing_leaves_for_a_while(self) -> None:
        traffic = self.stop()
        assert 0 < traffic.pace.delay(traffic.now) <= 1
        assert traffic.pace.pause_left(traffic.now) == 0, "it did not ask for a pause"

    def test_then_one_asks(self) -> None:
        traffic = self.stop()
        traffic.wait(traffic.pace.delay(traffic.now))
        assert traffic.send_all() == 1

    def test_pauses_that_were_too_short_grow(self) -> None:
        traffic = self.stop()
        pauses = list[float]()
        for _ in range(30):
            pauses.append(traffic.pace.delay(traffic.now))
            traffic.wait(pauses[-1])
            assert traffic.send_all() == 1
            traffic.wait(0.05)
            traffic.refuse(wait=None)
        assert all(later >= pause - 1e-9 for pause, later in pairwise(pauses))
        assert 10 * pauses[0] < pauses[-1] <= 20, "but not without end"

    def test_how_long_a_window_lasts_is_learnt_from_window_to_window(self) -> None:
        traffic, late = Traffic(), list[float]()
        for _ in range(6):
            ends = traffic.now + 10
            traffic.send_all(16)
            while traffic.now < ends:
                traffic.wait(0.05)
                if traffic.now < ends - 9:
                    traffic.accept(len(traffic._in_flight))
                    traffic.send_all(16)
                else:
                    traffic.refuse(len(traffic._in_flight), wait=None)
                    traffic.wait(traffic.pace.delay(traffic.now))
                    traffic.send_all(16)
            late.append(traffic.now - ends)
            traffic.wait(0.05)
            traffic.accept(len(traffic._in_flight))
        assert late[0] > 1
        assert max(late[-2:]) < 0.5

    def test_a_wait_that_is_given_meanwhile_counts(self) -> None:
        traffic = self.stop()
        traffic.wait(traffic.pace.delay(traffic.now))
        traffic.send()
        traffic.refuse(wait=7)
        assert traffic.pace.delay(traffic.now) == exactly(7)

    def test_a_response_lets_all_go_on_at_a_rate(self) -> None:
        traffic = self.stop()
        traffic.wait(traffic.pace.delay(traffic.now))
        traffic.send()
        traffic.wait(0.05)
        traffic.refuse(wait=None)
        traffic.wait(traffic.pace.delay(traffic.now))
        traffic.send()
        traffic.wait(0.05)
        traffic.accept()
        assert math.isfinite(traffic.pace.rate)
        traffic.goes_well(20)

    def test_a_probe_that_is_lost_is_sent_again(self) -> None:
        traffic = self.stop()
        traffic.wait(traffic.pace.delay(traffic.now))
        traffic.send()
        traffic.lose()
        assert traffic.send_all() == 1

    def test_pauses_are_short_again_after_a_response(self) -> None:
        traffic = self.stop()
        first = traffic.pace.delay(traffic.now)
        for _ in range(2):
            traffic.wait(traffic.pace.delay(traffic.now))
            traffic.send()
            traffic.refuse(wait=None)
        assert traffic.pace.delay(traffic.now) > 2 * first
        traffic.wait(traffic.pace.delay(traffic.now))
        traffic.send()
        traffic.accept()
        traffic.goes_well(3)
        for _ in range(5):
            traffic.wait(traffic.pace.delay(traffic.now))
            traffic.send()
        traffic.refuse(5, wait=None)
        assert traffic.pace.delay(traffic.now) <= first + 1e-9


class TestSlots:
    """Refusals without a word within one round trip: a number at once may be what is limited."""

    def refuse_beyond(self, traffic: Traffic, capacity: int, rounds: int) -> tuple[int, int]:
        accepted = refused = 0
        for _ in range(rounds):
            traffic.wait(traffic.pace.delay(traffic.now))
            sent = traffic.send_all(WORKERS)
            assert sent, "there is always progress"
            traffic.wait(0.05)
            passed = min(sent, capacity)
            traffic.accept(passed)
            traffic.refuse(sent - passed)
            accepted += passed
            refused += sent - passed
        return accepted, refused

    @pytest.mark.parametrize("capacity", [2, 5, 8, 11])
    def test_most_of_them_are_used_without_a_rate(self, capacity: int) -> None:
        traffic = Traffic()
        accepted, refused = self.refuse_beyond(traffic, capacity, 400)
        assert accepted >= 0.8 * 400 * capacity
        assert refused <= 0.05 * accepted
        assert traffic.now < 1.1 * 400 * 0.05
        assert traffic.pace.rate == math.inf

    def test_when_the_server_bears_all_they_are_forgotten(self) -> None:
        traffic = Traffic()
        self.refuse_beyond(traffic, 8, 100)
        assert traffic.send_all() < WORKERS
        traffic.wait(0.05)
        while traffic._in_flight:
            traffic.accept()
        self.refuse_beyond(traffic, WORKERS, 1000)
        assert traffic.send_all(200) == 200


class TestOverload:
    """Errors of which one means nothing, and many that the server cannot keep up."""

    def test_one_alone_is_a_failure(self) -> None:
        traffic = Traffic()
        traffic.goes_well(10)
        traffic.send()
        assert not traffic.fail()
        assert traffic.may_send()
        assert traffic.pace.rate == math.inf

    def test_a_pause_that_it_asks_for_is_kept(self) -> None:
        traffic = Traffic()
        traffic.send()
        assert not traffic.fail(wait=5)
        assert traffic.pace.delay(traffic.now) == 5
        traffic.wait(5)
        assert traffic.send_all(200) == 200

    def test_many_among_the_last_are_throttles(self) -> None:
        traffic, found = Traffic(), list[bool]()
        traffic.goes_well(1)
        for _ in range(_MANY + 2):
            traffic.wait(traffic.pace.delay(traffic.now))
            traffic.send()
            found.append(traffic.fail())
        assert found == [False] * (_MANY - 1) + [True] * 3

    def test_before_anything_has_passed_the_service_is_down(self) -> None:
        traffic = Traffic()
        for _ in range(5 * _MANY):
            traffic.send()
            assert not traffic.fail()

    def test_those_long_ago_do_not_count(self) -> None:
        traffic = Traffic()
        for _ in range(5 * _MANY):
            traffic.send()
            assert not traffic.fail()
            traffic.goes_well(_LAST.bit_length())

    def test_while_the_server_is_asked_whether_it_is_back_each_is_a_throttle(self) -> None:
        traffic = TestSilentServers().stop()
        traffic.wait(traffic.pace.delay(traffic.now))
        traffic.send()
        assert traffic.fail()
        assert traffic.pace.delay(traffic.now) > 0


SAID = st.none() | st.builds(
    Allowance,
    st.just(10),
    st.integers(0, 10),
    st.floats(0, 100),
    st.none() | st.floats(0.1, 100),
)
WAITS = st.none() | st.floats(0, 90)


@given(
    st.none() | st.floats(0.5, 500),
    st.integers(1, 20),
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.sampled_from(["accept", "accept", "refuse", "fail", "lose", "send"]),
            WAITS,
            SAID,
        ),
        max_size=80,
    ),
)
def test_whatever_comes_back(
    rate: float | None,
    workers: int,
    events: list[tuple[float, str, float | None, Allowance | None]],
) -> None:
    """A pause that was asked for is kept, a rate is sensible, and there is always progress."""
    pace = Pace(rate, workers=workers)
    traffic = Traffic(pace)
    paused_until = 0.0
    for seconds, what, wait, said in events:
        traffic.wait(seconds)
        while len(traffic._in_flight) < workers and traffic.may_send():
            assert traffic.now >= paused_until
            traffic.send()
        if not traffic._in_flight:
            # Nothing is in flight, so some time alone must let the next one leave.
            traffic.wait(pace.delay(traffic.now))
            assert pace.delay(traffic.now) <= 1e-6
            assert pace.has_room(traffic.now)
            continue
        asked = None
        match what:
            case "accept":
                traffic.accept(said=said)
            case "refuse":
                asked = wait
                traffic.refuse(wait=wait, said=said)
            case "fail":
                asked = wait
                traffic.fail(wait)
            case "lose":
                traffic.lose()
            case _:
                continue
        paused_until = max(paused_until, traffic.now + (asked or 0))
        assert pace.rate > 0
        assert pace.pause_left(traffic.now) == exactly(max(0.0, paused_until - traffic.now))
        assert pace.delay(traffic.now) >= pace.pause_left(traffic.now) - 1e-9


_EVENTS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 20)),
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("state"), st.integers(0, 30)),
    st.tuples(st.just("throttle"), st.sampled_from([None, 0, 1, 3])),
    st.tuples(st.just("fail"), st.sampled_from([None, 1])),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.3, 1.0, 5.0])),
)


class _Both:
    """A pace that is asked in short, and one that is asked in full."""

    def __init__(self) -> None:
        self._paces = Pace(workers=WORKERS), Pace(workers=WORKERS)
        self._now = 0.0
        self._in_flight = deque[float]()

    def see(self, event: str, number: float | None) -> None:
        self._now += 0.001
        if event == "wait":
            self._now += number or 0
        elif event == "send":
            self._send(int(number or 0))
        elif self._in_flight:
            self._respond(event, self._in_flight.popleft(), number)
        quick, slow = (pace.in_use(self._now) for pace in self._paces)
        assert quick == slow

    def _send(self, number: int) -> None:
        quick, slow = self._paces
        for _ in range(number):
            may_leave = not slow.delay(self._now) and slow.has_room(self._now)
            assert quick.leave_now(self._now) == may_leave
            if may_leave:
                slow.leave(self._now)
                self._in_flight.append(self._now)

    def _respond(self, event: str, sent: float, number: float | None) -> None:
        said = Allowance(30, int(number or 0), 2, None) if event == "state" else None
        for pace in self._paces:
            if event == "throttle":
                pace.throttled(self._now, sent=sent, wait=number)
            elif event == "fail":
                pace.failed(self._now, sent=sent, wait=number)
            else:
                pace.accepted(self._now, sent=sent, said=said)


@given(st.lists(_EVENTS, max_size=200))
def test_what_is_not_asked_for_in_calm_changes_nothing(
    events: list[tuple[str, float | None]],
) -> None:
    both = _Both()
    for event, number in events:
        both.see(event, number)
