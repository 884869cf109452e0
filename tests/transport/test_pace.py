"""When the next request may leave: pauses, fixed rates, and the rate found by trial."""

import math
from collections import deque

import pytest
from currents_async._transport.cubic import CubicRate
from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.pace import Pace, RateMeter

PLENTY = 1000.0
"""A measured rate that is no bound to anything."""


def exactly(value: float) -> object:
    """Compare up to the rounding of a float."""
    return pytest.approx(value, rel=1e-12, abs=1e-12)


class TestPauses:
    def test_none_at_first(self) -> None:
        pace = Pace()
        assert (pace.delay(0), pace.pause_left(0), pace.rate) == (0, 0, math.inf)

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
    @pytest.mark.parametrize("late", [True, False])
    def test_requests_that_are_always_ready(
        self, rate: float, leaves: list[float], *, late: bool
    ) -> None:
        pace = Pace(rate)
        now, times = 0.0, list[float]()
        for number in range(5):
            now += pace.delay(now)
            pace.leave(now, late=late and number > 0)
            times.append(now)
        assert times == [exactly(leave / 0.96) for leave in leaves]

    def test_the_lateness_of_timers_is_made_up_for(self) -> None:
        pace = Pace(10 / 0.96)
        pace.leave(0)
        pace.leave(0.11, late=0.01)
        assert pace.delay(0.11) == exactly(0.09)
        pace.leave(0.9, late=0.7)  # far too late: 0.02 are made up for
        assert pace.delay(0.9) == exactly(0.08)

    def test_that_of_callers_is_not(self) -> None:
        pace = Pace(10 / 0.96)
        pace.leave(0)
        pace.leave(0.13)
        assert pace.delay(0.13) == exactly(0.1)

    def test_throttles_cut_it_for_a_while(self) -> None:
        """Others may use the key, or the rate may have been too much."""
        pace = Pace(100)
        for _ in range(50):
            pace.accepted(0.5)
        assert pace.rate == 96
        pace.throttled(0.5, sent=0, wait_given=True)
        assert pace.rate == 40
        for second in range(1, 60):
            for _ in range(500):
                pace.accepted(second)
        assert pace.rate == 96

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


class TestRateMeter:
    def test_nothing_yet(self) -> None:
        assert RateMeter().rate(5) == 0

    @pytest.mark.parametrize(
        ("times", "now", "rate"),
        [
            ([0, 0, 0], 0, 3),
            ([0, 0.5, 0.9], 0.9, 3),
            ([0] * 10, 1, 10),  # a whole second ago, all of them count
            ([0] * 10, 1.25, 7.5),
            ([0] * 10, 1.75, 2.5),
            ([0] * 10 + [1.5] * 4, 1.75, 6.5),
            ([0] * 10, 2, 0),  # two seconds ago: none does
            ([0] * 10, 100, 0),
            ([0.25] * 10, 1.25, 10),  # seconds begin with the first success
        ],
    )
    def test_successes_in_the_last_second(
        self, times: list[float], now: float, rate: float
    ) -> None:
        meter = RateMeter()
        for time in times:
            meter.count(time)
        assert meter.rate(now) == exactly(rate)


def cut(measured: float, *, pause: float = 0, now: float = 0) -> CubicRate:
    """Return a rate that was too much for the first time."""
    rate = CubicRate()
    rate.throttled(now, sent=now - 1, measured=measured, pause=pause)
    return rate


class TestCubicRate:
    def test_unlimited_until_a_throttle(self) -> None:
        rate = CubicRate()
        for second in range(100):
            rate.hold(second)
            rate.accepted(second, measured=PLENTY)
        assert rate.rate == math.inf

    @pytest.mark.parametrize(
        ("measured", "after"), [(100, 80), (36, 28.8), (2, 1.6), (1.2, 1), (1, 1), (0, 1)]
    )
    def test_a_cut_leaves_eight_tenths_but_never_less_than_one(
        self, measured: float, after: float
    ) -> None:
        assert cut(measured).rate == exactly(after)

    @pytest.mark.parametrize(
        ("since", "expected"),
        [(0, 16), (1, 18.8), (2, 19.2), (7, 19.2), (22, 19.2), (23, 19.6), (24, 22.4), (25, 30)],
    )
    @pytest.mark.parametrize("pause", [0, 30])
    def test_the_curve(self, since: float, expected: float, pause: float) -> None:
        """From 0.8 of it to 0.96 in (20 * 0.16 / 0.4) ** (1/3) = 2 seconds; 20 later, beyond."""
        rate = cut(20, pause=pause, now=100)
        rate.accepted(100 + pause + since, measured=PLENTY)
        assert rate.rate == exactly(expected)

    @given(st.floats(2, 5000), st.floats(0, 10))
    def test_at_the_plateau_after_k_seconds(self, measured: float, waited: float) -> None:
        rate = cut(measured)
        back = (measured * 0.16 / 0.4) ** (1 / 3)
        rate.accepted(back + waited, measured=PLENTY * 10)
        assert rate.rate == pytest.approx(max(1, measured * 0.96))

    def test_responses_during_the_pause_raise_w_max(self) -> None:
        rate = cut(10, pause=10)
        for measured, expected in [(5, 8), (20, 16), (15, 16)]:
            rate.accepted(9, measured=measured)
            assert rate.rate == exactly(expected)
        rate.accepted(11, measured=PLENTY)
        rate.throttled(11, sent=10.5, measured=15, pause=10)
        rate.accepted(12, measured=PLENTY)
        assert rate.rate == exactly(18.8 * 0.9), "never more than it had been"

    def test_throttles_of_requests_sent_before_the_cut_are_ignored(self) -> None:
        rate = cut(100, now=10)
        for sent in (1, 9, 9.999, 10):
            rate.throttled(10.5, sent=sent, measured=50, pause=0)
        assert rate.rate == exactly(80)
        rate.accepted(11, measured=10)
        before = rate.rate
        rate.throttled(11, sent=10.1, measured=50, pause=0)
        assert rate.rate == exactly(40) != before

    def test_throttles_with_no_response_in_between_do_not_change_w_max(self) -> None:
        """What is measured then is the pause. It falls further, and comes back."""
        rate = cut(100, pause=1)
        rate.throttled(2, sent=1.5, measured=0, pause=1)
        assert rate.rate == exactly(64)
        rate.throttled(4, sent=3.5, measured=0, pause=1)
        assert rate.rate == exactly(51.2)
        for _ in range(50):
            rate.throttled(rate._cut_at + 1, sent=rate._cut_at + 0.5, measured=0, pause=0)
        assert rate.rate == 1
        rate.accepted(rate._cut_at + 7, measured=PLENTY)
        assert rate.rate == exactly(96)

    @pytest.mark.parametrize(
        ("again", "after", "level"),
        [
            (20, 18, 19.2),
            (22, 18, 19.2),  # it is measured across windows: the lower one is right
            (19, 17.1, 18.24),
            (18, 16.2, 17.28),
            (17, 13.6, 16.32),  # another limit
            (23, 18.4, 22.08),
        ],
    )
    def test_a_limit_that_is_met_again(self, again: float, after: float, level: float) -> None:
        rate = cut(20)
        rate.accepted(25, measured=PLENTY)
        assert rate.rate == exactly(30)
        rate.throttled(25, sent=24.9, measured=again, pause=0)
        assert rate.rate == exactly(after)
        rate.accepted(32, measured=PLENTY)
        assert rate.rate == exactly(level)

    def test_each_try_in_vain_makes_the_next_one_later(self) -> None:
        rate = cut(20)
        now, tries = 0.0, list[float]()
        for _ in range(7):
            begun = now
            while rate.rate <= 19.2 + 1e-9:
                now += 1
                rate.accepted(now, measured=PLENTY)
            tries.append(now - begun)
            rate.throttled(now, sent=now, measured=20, pause=0)
        assert tries == [pytest.approx(wait, abs=3) for wait in (20, 40, 80, 160, 320, 320, 320)]

    def test_a_lower_limit_is_not_a_failed_try(self) -> None:
        rate = cut(20)
        rate.accepted(25, measured=PLENTY)
        rate.throttled(25, sent=24.9, measured=20, pause=0)
        rate.accepted(30, measured=PLENTY)
        rate.throttled(30, sent=29.9, measured=10, pause=0)
        rate.accepted(53, measured=PLENTY)
        assert rate.rate > 9.6, "after 20 seconds again"

    @pytest.mark.parametrize(("measured", "expected"), [(5, 19.2), (9, 19.2), (12, 24), (100, 30)])
    def test_growth_without_use_ends_at_the_known_rate(
        self, measured: float, expected: float
    ) -> None:
        rate = cut(20)
        rate.accepted(25, measured=measured)
        assert rate.rate == exactly(expected)

    def test_no_more_is_tried_where_hardly_anything_is_left(self) -> None:
        rate = cut(20)
        for now in range(40):
            rate.hold(now)
            rate.accepted(now, measured=PLENTY)
        assert rate.rate == exactly(19.2)
        rate.accepted(40.5, measured=PLENTY)  # 1.5 after the last time
        assert rate.rate == exactly(19.2)
        rate.accepted(41.5, measured=PLENTY)
        assert rate.rate == exactly(19.6)

    def test_what_was_gained_stays_where_hardly_anything_is_left(self) -> None:
        rate = cut(20)
        rate.accepted(24, measured=PLENTY)
        rate.hold(24)
        rate.accepted(26, measured=PLENTY)
        assert rate.rate == exactly(22.4)
        rate.accepted(28.5, measured=PLENTY)
        assert rate.rate == exactly(30)

    @given(
        st.lists(
            st.tuples(st.floats(0, 3), st.booleans(), st.floats(0, 1000), st.floats(0, 60)),
            max_size=60,
        )
    )
    def test_never_below_the_least_and_growing_between_cuts(
        self, events: list[tuple[float, bool, float, float]]
    ) -> None:
        rate = CubicRate()
        now, cut_at = 0.0, -1.0
        for gap, is_throttle, measured, pause in events:
            is_old = is_throttle and now + gap == cut_at
            now += gap
            before = rate.rate
            if is_throttle:
                rate.throttled(now, sent=now, measured=measured, pause=pause)
                cut_at = now
                assert rate.rate == before if is_old else rate.rate <= max(before * 0.9, 1)
            else:
                rate.accepted(now, measured=measured)
                assert rate.rate >= before
            assert rate.rate >= 1


class TestDiscoveredRate:
    def test_a_throttle_makes_the_rate(self) -> None:
        pace = Pace()
        for _ in range(100):
            pace.leave(0)
            pace.accepted(0.5)
        assert pace.delay(0.5) == 0
        pace.pause(0.9, 0.1)
        pace.throttled(0.9, sent=0.1, wait_given=True)
        assert pace.rate == exactly(80)
        assert pace.delay(0.9) == exactly(0.1)
        pace.leave(1)
        assert pace.delay(1) == exactly(1 / 80)

    @pytest.mark.parametrize(("left", "rate"), [(1.0, 19.6), (0.09, 19.6), (0.08, 19.2), (0, 19.2)])
    def test_no_more_is_tried_with_hardly_anything_left(self, left: float, rate: float) -> None:
        pace = Pace()
        for _ in range(20):
            pace.accepted(0)
        pace.throttled(0, sent=0, wait_given=True)
        for second in range(24):
            for _ in range(20):
                pace.accepted(second, left=left)
        assert pace.rate == exactly(rate)

    def test_it_grows_from_the_end_of_the_pause(self) -> None:
        pace = Pace()
        for _ in range(20):
            pace.accepted(0)
        pace.pause(0, 10)
        pace.throttled(0, sent=0, wait_given=True)
        for _ in range(1000):
            pace.accepted(11)
        assert pace.rate == exactly(18.8)

    @pytest.mark.parametrize(
        ("responses", "is_real"),
        [
            ("T", False),
            ("TTT", False),
            ("TTTT", True),
            ("T.T.T.T", True),
            ("T..T..T..T", False),
            ("TTT.....T", False),
            ("TTT....T", True),
            ("........TTTT", True),
        ],
    )
    def test_half_of_the_last_eight_responses_count_without_a_wait(
        self, responses: str, *, is_real: bool
    ) -> None:
        pace = Pace()
        for now, response in enumerate(responses):
            if response == "T":
                pace.throttled(now, sent=now, wait_given=False)
            else:
                pace.accepted(now)
        assert math.isfinite(pace.rate) is is_real

    def test_a_throttle_with_a_wait_counts_at_once(self) -> None:
        pace = Pace()
        pace.throttled(0, sent=0, wait_given=True)
        assert pace.rate == 1


class TestThrottlesWithoutAWait:
    """The server does not say how long to wait: from the fourth in a row we do."""

    def throttle(self, pace: Pace, now: float, *, sent: float | None = None) -> float:
        """Have a request refused, and return the pause after it."""
        pace.throttled(now, sent=now if sent is None else sent, wait_given=False)
        return pace.pause_left(now)

    def test_many_of_them_are_a_pause(self) -> None:
        pace = Pace()
        assert [self.throttle(pace, 0) for _ in range(4)] == [0, 0, 0, 1]

    def test_pauses_that_were_too_short_double(self) -> None:
        pace = Pace()
        now, pauses = 0.0, list[float]()
        for _ in range(3):
            self.throttle(pace, now)
        for _ in range(6):
            pauses.append(self.throttle(pace, now))
            assert self.throttle(pace, now + 0.01, sent=now) == exactly(pauses[-1] - 0.01)
            now += pauses[-1]
        assert pauses == [1, 2, 4, 8, 8, 8]

    def test_a_response_makes_pauses_short_again(self) -> None:
        pace = Pace()
        for now in (0, 0, 0, 0, 1):
            self.throttle(pace, now)
        pace.accepted(2)  # sent before the pause
        assert self.throttle(pace, 3) == 4
        pace.accepted(7)
        assert self.throttle(pace, 7) == 1

    def test_a_wait_that_is_given_counts(self) -> None:
        pace = Pace()
        for _ in range(8):
            pace.throttled(0, sent=0, wait_given=True)
        assert pace.pause_left(0) == 0
