"""When the next request may leave: pauses, fixed rates, and the rate found out by trial."""

import math
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.pace import CubicRate, Pace, RateMeter

PLENTY = 1000.0
"""A measured rate that is no bound to anything."""


def exactly(value: float) -> object:
    """Compare up to the rounding of a float."""
    return pytest.approx(value, rel=1e-12, abs=1e-12)


class TestPauses:
    def test_there_is_none_at_first(self) -> None:
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
    def test_whoever_asks_nobody_leaves_before_the_last_end(
        self, asked: list[tuple[float, float]]
    ) -> None:
        pace = Pace()
        end = 0.0
        for now, seconds in asked:
            pace.pause(now, seconds)
            end = max(end, now + seconds)
            assert now + pace.pause_left(now) == exactly(max(now, end))


class TestFixedRate:
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
    def test_who_is_always_ready(self, rate: float, leaves: list[float], *, late: bool) -> None:
        pace = Pace(rate)
        now, times = 0.0, list[float]()
        for number in range(5):
            now += pace.delay(now)
            pace.leave(now, late=late and number > 0)
            times.append(now)
        assert times == [exactly(leave) for leave in leaves]

    def test_the_lateness_of_timers_is_made_up_for(self) -> None:
        pace = Pace(10)
        pace.leave(0, late=False)
        pace.leave(0.13, late=True)  # 0.03 late
        assert pace.delay(0.13) == exactly(0.07)
        pace.leave(0.9, late=True)  # far too late: 0.05 are made up for
        assert pace.delay(0.9) == exactly(0.05)

    def test_that_of_callers_is_not(self) -> None:
        pace = Pace(10)
        pace.leave(0, late=False)
        pace.leave(0.13, late=False)
        assert pace.delay(0.13) == exactly(0.1)

    def test_throttles_do_not_change_it(self) -> None:
        pace = Pace(10)
        pace.throttled(1, sent=1, told=True)
        pace.answered(2)
        assert pace.rate == 10

    @given(st.floats(0.1, 500), st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=300))
    def test_no_window_holds_more_than_the_rate(
        self, rate: float, comers: list[tuple[float, bool]]
    ) -> None:
        """But for what makes up for late timers: a twentieth of a second's worth."""
        pace = Pace(rate)
        now = 0.0
        window: deque[float] = deque()
        has_been_late = False
        for gap, late in comers:
            now += gap
            now += pace.delay(now)
            pace.leave(now, late=late)
            has_been_late = has_been_late or late
            window.append(now)
            while window[0] <= now - 1:
                window.popleft()
            assert len(window) <= rate * (1.05 if has_been_late else 1) + 1 + 1e-6


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


class TestCubicRate:
    def test_free_until_a_throttle(self) -> None:
        rate = CubicRate()
        for second in range(100):
            rate.answered(second, measured=PLENTY)
        assert rate.rate == math.inf

    @pytest.mark.parametrize(
        ("measured", "after"),
        [(100, 70), (36, 25.2), (2, 1.4), (1.25, 1), (1, 1), (0, 1)],
    )
    def test_a_cut_leaves_seven_tenths_but_never_less_than_one(
        self, measured: float, after: float
    ) -> None:
        rate = CubicRate()
        rate.throttled(5, sent=4, measured=measured, pause=0)
        assert rate.rate == exactly(after)

    @pytest.mark.parametrize(
        ("since", "expected"),
        [(0, 25.2), (1, 32.8), (2, 35.6), (3, 36), (4, 36.4), (5, 39.2), (6, 46.8)],
    )
    @pytest.mark.parametrize("pause", [0, 30])
    def test_the_curve(self, since: float, expected: float, pause: float) -> None:
        """Back at 36 a second after (36 * 0.3 / 0.4) ** (1/3) = 3 seconds without the pause."""
        rate = CubicRate()
        rate.throttled(100, sent=99, measured=36, pause=pause)
        rate.answered(100 + pause + since, measured=PLENTY)
        assert rate.rate == exactly(expected)

    @given(st.floats(2, 5000))
    def test_back_at_the_old_rate_after_the_computed_time(self, measured: float) -> None:
        rate = CubicRate()
        rate.throttled(0, sent=0, measured=measured, pause=0)
        assert rate.rate == exactly(measured * 0.7)
        back = (measured * 0.75) ** (1 / 3)
        rate.answered(back, measured=PLENTY * 10)
        assert rate.rate == pytest.approx(measured)

    def test_what_succeeds_during_the_pause_changes_nothing(self) -> None:
        rate = CubicRate()
        rate.throttled(0, sent=0, measured=36, pause=10)
        rate.answered(9, measured=PLENTY)
        assert rate.rate == exactly(25.2)

    def test_old_throttles_are_no_news(self) -> None:
        rate = CubicRate()
        rate.throttled(10, sent=9, measured=100, pause=0)
        for sent in (1, 9, 9.999, 10):
            rate.throttled(10.5, sent=sent, measured=100, pause=0)
        assert rate.rate == exactly(70)
        rate.throttled(11, sent=10.1, measured=100, pause=0)
        assert rate.rate == exactly(49)

    def test_a_second_cut_starts_from_what_was_measured_where_that_is_less(self) -> None:
        rate = CubicRate()
        rate.throttled(0, sent=-1, measured=100, pause=0)
        rate.throttled(1, sent=0.5, measured=20, pause=0)
        assert rate.rate == exactly(14)

    @pytest.mark.parametrize(("measured", "expected"), [(10, 36), (18, 36), (20, 40), (100, 46.8)])
    def test_growth_without_use_ends_at_the_old_rate(
        self, measured: float, expected: float
    ) -> None:
        rate = CubicRate()
        rate.throttled(0, sent=0, measured=36, pause=0)
        rate.answered(6, measured=measured)
        assert rate.rate == exactly(expected)

    def test_it_is_held_where_hardly_anything_is_left(self) -> None:
        """The curve stands still, and then goes on."""
        rate = CubicRate()
        rate.throttled(0, sent=-1, measured=36, pause=10)
        rate.hold(9)  # by an answer to what was sent before the cut
        rate.answered(11, measured=PLENTY)
        assert rate.rate == exactly(32.8)
        for now in (11, 12, 13.5):
            rate.hold(now)
            rate.answered(now, measured=PLENTY)
            assert rate.rate == exactly(32.8)
        rate.answered(15, measured=PLENTY)
        assert rate.rate == exactly(32.8)
        rate.answered(16, measured=PLENTY)
        assert rate.rate == exactly(35.6)
        rate.answered(18, measured=PLENTY)
        assert rate.rate == exactly(36.4)

    def test_a_cut_ends_the_holding(self) -> None:
        rate = CubicRate()
        rate.throttled(0, sent=-1, measured=36, pause=0)
        rate.hold(0.5)
        rate.throttled(1, sent=0.6, measured=36, pause=5)
        rate.answered(7, measured=PLENTY)
        assert rate.rate > 25.2 * 0.7

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
                assert rate.rate == before if is_old else rate.rate <= max(before * 0.7, 1)
            else:
                rate.answered(now, measured=measured)
                assert rate.rate >= before
            assert rate.rate >= 1


class TestFoundOutRate:
    def test_a_throttle_makes_the_rate(self) -> None:
        pace = Pace()
        for _ in range(100):
            pace.leave(0, late=False)
            pace.answered(0.5)
        assert pace.delay(0.5) == 0
        pace.pause(0.9, 0.1)
        pace.throttled(0.9, sent=0.1, told=True)
        assert pace.rate == exactly(70)
        assert pace.delay(0.9) == exactly(0.1)
        pace.leave(1, late=False)
        assert pace.delay(1) == exactly(1 / 70)

    @pytest.mark.parametrize(("left", "rate"), [(1.0, 32.8), (0.09, 32.8), (0.08, 25.2), (0, 25.2)])
    def test_it_does_not_grow_with_hardly_anything_left(self, left: float, rate: float) -> None:
        pace = Pace()
        for _ in range(36):
            pace.answered(0)
        pace.throttled(0, sent=0, told=True)
        for tenth in range(11):
            pace.answered(tenth / 10, left=left)
        assert pace.rate == exactly(rate)

    def test_it_grows_from_the_end_of_the_pause(self) -> None:
        pace = Pace()
        for _ in range(36):
            pace.answered(0)
        pace.pause(0, 10)
        pace.throttled(0, sent=0, told=True)
        for _ in range(1000):
            pace.answered(11)
        assert pace.rate == exactly(32.8)

    @pytest.mark.parametrize(
        ("answers", "is_real"),
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
    def test_half_of_the_last_eight_are_a_rate_without_a_word(
        self, answers: str, *, is_real: bool
    ) -> None:
        pace = Pace()
        for now, answer in enumerate(answers):
            if answer == "T":
                pace.throttled(now, sent=now, told=False)
            else:
                pace.answered(now)
        assert math.isfinite(pace.rate) is is_real

    def test_a_throttle_with_a_word_is_one_at_once(self) -> None:
        pace = Pace()
        pace.throttled(0, sent=0, told=True)
        assert pace.rate == 1
