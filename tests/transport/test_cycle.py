"""What the responses before a refusal say about the rate of the server."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.cycle import Cycle


def cycle(*times: float, began: float = 0) -> Cycle:
    made = Cycle(began)
    for time in times:
        made.add(time)
    return made


class TestCount:
    def test_nothing_yet(self) -> None:
        made = Cycle(5)
        assert (made.began, made.accepted, made.last_second(10)) == (5, 0, 0)

    def test_what_outran_the_refusal_before(self) -> None:
        assert Cycle(0, 7).accepted == 7

    def test_late_ones_count_without_a_time(self) -> None:
        made = cycle(1, 2)
        made.add_late()
        assert (made.accepted, made.last_second(2)) == (3, 1)

    @pytest.mark.parametrize(
        ("at", "number"), [(2.0, 4), (2.5, 4), (2.55, 3), (2.7, 2), (2.9, 1), (4.0, 0)]
    )
    def test_the_last_second(self, at: float, number: int) -> None:
        assert cycle(0, 1.5 + 1e-9, 1.6, 1.8, 2.0 + 1e-9).last_second(at) == number

    def test_it_does_not_grow_for_ever(self) -> None:
        made = cycle(*range(100_000))
        assert made.accepted == 100_000
        assert len(made._times) < 1000


class TestAtLeast:
    def test_more_than_a_full_bucket(self) -> None:
        """20 of 30 may have been in the bucket: 10 were refilled in 2 s."""
        made = cycle(*[0.0] * 30)
        assert made.at_least(2, burst=20, shortest=0.1) == 5

    @pytest.mark.parametrize("burst", [30, 40])
    def test_no_more_than_a_full_bucket(self, burst: int) -> None:
        assert cycle(*[0.0] * 30).at_least(2, burst=burst, shortest=0.1) == 0

    def test_too_short_a_span(self) -> None:
        assert cycle(*[0.0] * 30).at_least(0.1, burst=20, shortest=0.1) == 0

    def test_the_span_that_says_most(self) -> None:
        """Hardly anything at first, and then many."""
        made = cycle(0, *[9.0] * 50)
        assert made.at_least(10, burst=20, shortest=0.1) == 30


class TestAtMost:
    def test_all_of_it(self) -> None:
        assert cycle(*[number / 10 for number in range(20)]).at_most(2, shortest=0.1) <= 10

    def test_a_few_say_nothing(self) -> None:
        """One in the last second would be one a second, where there were hundred in the first."""
        made = cycle(*[number / 100 for number in range(100)], 1.0)
        assert made.at_most(2, shortest=0.1) == pytest.approx(7, abs=1)
        assert made.at_most(2, shortest=0.1, fewest=1) == 1
        assert made.at_most(2, shortest=0.1, fewest=90) == pytest.approx(48, abs=2)

    def test_all_if_there_were_but_a_few(self) -> None:
        assert cycle(1.0, 2.0).at_most(4, shortest=0.1) == 0.5

    def test_too_short_a_span(self) -> None:
        assert cycle(1.0).at_most(1.05, shortest=10) == math.inf


@given(
    st.floats(1, 100),
    st.integers(1, 50),
    st.floats(1.5, 10),
    st.floats(0, 1),
)
def test_a_bucket_that_has_run_dry_is_in_between(
    rate: float, burst: int, excess: float, full: float
) -> None:
    """Requests come at more than its rate until one is refused."""
    now, tokens, sent = 0.0, 1 + full * (burst - 1), rate * excess
    made = Cycle(now)
    while tokens >= 1:
        tokens -= 1
        made.add(now)
        now += 1 / sent
        tokens = min(burst, tokens + rate / sent)
    assert made.at_least(now, burst=burst, shortest=0.01) <= rate * (1 + 1e-9)
    assert made.at_most(now, shortest=0.01) >= rate * (1 - 1e-9)
