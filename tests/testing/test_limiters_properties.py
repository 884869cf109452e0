"""What holds of the models of limiters, whatever the rate, the window and the requests."""

import itertools
import math
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies

from currents_async.testing.limiters import (
    AllOf,
    ConcurrencyLimit,
    Decision,
    FixedWindow,
    Limiter,
    LoadShedding,
    Meter,
    Says,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)

NEAR = 1e-5
"""Seconds within which two times are the same."""
SAYS = strategies.builds(
    Says,
    retry_after=strategies.just("seconds"),
    headers=strategies.sampled_from(["ratelimit", "ratelimit-draft", "x-ratelimit-seconds"]),
)
PERIODS: list[float] = [0.25, 1, 10, 60, 300]
WINDOW: dict[str, Any] = {
    "requests": strategies.integers(1, 20),
    "per": strategies.sampled_from(PERIODS),
    "says": SAYS,
}
BUCKETS = strategies.builds(
    TokenBucket, rate=strategies.floats(0.1, 500), burst=strategies.integers(1, 50), says=SAYS
)
FIXED = strategies.builds(FixedWindow, aligned=strategies.booleans(), **WINDOW)
LOGS = strategies.builds(SlidingLog, **WINDOW)
COUNTERS = strategies.builds(SlidingCounter, **WINDOW)
TIMED = BUCKETS | FIXED | LOGS | COUNTERS
BOTH = strategies.builds(AllOf, limiters=strategies.lists(TIMED, min_size=1, max_size=3))
STARTS = strategies.sampled_from([0.0, 0.9, 1_767_225_599.7])
GAPS = strategies.lists(
    strategies.just(0.0) | strategies.floats(0, 0.05) | strategies.floats(0, 30), max_size=60
)


class Sent(NamedTuple):
    """What became of requests."""

    meter: Meter
    decisions: list[Decision]

    @property
    def last(self) -> Decision:
        """The decision about the last one."""
        return self.decisions[-1]

    @property
    def times(self) -> list[float]:
        """When those arrived that were accepted."""
        return [one.now for one in self.decisions if one.accepted]

    def most_within(self, seconds: float) -> int:
        """Return how many were accepted in any span that is shorter than that."""
        times = self.times
        return max(
            (sum(start <= time < start + seconds - NEAR for time in times) for start in times),
            default=0,
        )


def send(limiter: Limiter, start: float, gaps: Sequence[float]) -> Sent:
    meter = limiter.meter()
    times = itertools.accumulate(gaps, initial=start)
    return Sent(meter, [meter.arrive(time) for time in times])


def send_until_refused(limiter: Limiter, start: float, gaps: Sequence[float]) -> Sent:
    sent = send(limiter, start, gaps)
    while sent.last.accepted:
        sent.decisions.append(sent.meter.arrive(sent.last.now))
    return sent


@given(BUCKETS, STARTS, GAPS)
def test_a_bucket_lets_its_burst_pass_and_then_its_rate(
    limiter: TokenBucket, start: float, gaps: Sequence[float]
) -> None:
    times = send(limiter, start, gaps).times
    for first, last in itertools.combinations(range(len(times)), 2):
        most = limiter.burst + (times[last] - times[first] + NEAR) * limiter.rate
        assert last - first + 1 <= most


@given(FIXED, STARTS, GAPS)
def test_a_fixed_window_lets_no_more_than_twice_its_limit_pass(
    limiter: FixedWindow, start: float, gaps: Sequence[float]
) -> None:
    passed = send(limiter, start, gaps)
    assert passed.most_within(limiter.per) <= 2 * limiter.requests
    if limiter.aligned:
        windows = [math.floor((time + NEAR) / limiter.per) for time in passed.times]
        assert all(windows.count(window) <= limiter.requests for window in windows)


@given(LOGS, STARTS, GAPS)
def test_a_sliding_log_lets_its_limit_pass_in_any_span(
    limiter: SlidingLog, start: float, gaps: Sequence[float]
) -> None:
    assert send(limiter, start, gaps).most_within(limiter.per) <= limiter.requests


@given(COUNTERS, STARTS, GAPS)
def test_a_sliding_counter_is_between_a_log_and_a_fixed_window(
    limiter: SlidingCounter, start: float, gaps: Sequence[float]
) -> None:
    passed = send(limiter, start, gaps)
    windows = [math.floor((time + NEAR) / limiter.per) for time in passed.times]
    assert all(windows.count(window) <= limiter.requests for window in windows)
    assert passed.most_within(limiter.per) <= 2 * limiter.requests


@given(TIMED | BOTH, STARTS, GAPS, strategies.sampled_from(["exact", "whole seconds"]))
def test_a_request_passes_when_the_wait_is_over(
    limiter: Limiter, start: float, gaps: Sequence[float], unit: str
) -> None:
    meter, decisions = send_until_refused(limiter, start, gaps)
    decision = decisions[-1]
    assert decision.wait is not None
    asked = int(decision.headers["Retry-After"])
    assert asked - 1 < decision.wait <= asked + NEAR
    if len(decision.quotas) == 1:  # of several, one may last longer than the refusal
        assert math.ceil(decision.quotas[0].more - NEAR) <= asked
    wait = asked if unit == "whole seconds" else decision.wait
    assert meter.arrive(decision.now + wait).accepted


@given(TIMED, STARTS, GAPS)
def test_no_request_passes_before_the_wait_is_over(
    limiter: Limiter, start: float, gaps: Sequence[float]
) -> None:
    meter, decisions = send_until_refused(limiter, start, gaps)
    decision = decisions[-1]
    assert decision.wait is not None
    if decision.wait > NEAR:
        assert not meter.arrive(decision.now + decision.wait - NEAR).accepted


@given(TIMED, STARTS, GAPS)
def test_as_many_requests_pass_as_remain(
    limiter: Limiter, start: float, gaps: Sequence[float]
) -> None:
    meter, decisions = send(limiter, start, gaps)
    assert all(one.accepted or one.quotas[0].remaining == 0 for one in decisions)
    last = decisions[-1]
    for left in reversed(range(last.quotas[0].remaining)):
        decision = meter.arrive(last.now)
        assert decision.accepted
        assert decision.quotas[0].remaining == left
    assert not meter.arrive(last.now).accepted


@given(TIMED, STARTS, GAPS)
def test_more_is_available_when_it_is_announced(
    limiter: Limiter, start: float, gaps: Sequence[float]
) -> None:
    meter, decisions = send(limiter, start, gaps)
    (quota,) = decisions[-1].quotas
    assert 0 <= quota.more <= quota.reset + NEAR
    meter.check(meter.now + quota.more + NEAR)
    assert meter.quotas()[0].remaining > quota.remaining
    meter.check(decisions[-1].now + quota.reset + NEAR)
    assert meter.quotas()[0].remaining == quota.limit


@given(TIMED | BOTH, GAPS)
def test_any_clock_will_do_for_limits_that_are_not_aligned(
    limiter: Limiter, gaps: Sequence[float]
) -> None:
    clocks = (0.0, 3e6, 1_767_225_600.0)  # multiples of all periods
    sent = [send(limiter, start, [round(gap, 2) for gap in gaps]) for start in clocks]
    said = [[(one.status, one.headers) for one in passed.decisions] for passed in sent]
    assert said[0] == said[1] == said[2]


@given(strategies.integers(1, 8), strategies.integers(0, 8), strategies.integers(0, 3), GAPS)
def test_the_same_seed_gives_the_same_decisions(
    starts_at: int, span: int, seed: int, gaps: Sequence[float]
) -> None:
    limiter = LoadShedding(starts_at=starts_at, all_at=starts_at + span, seed=seed)
    first, second = send(limiter, 0, gaps), send(limiter, 0, gaps)
    assert first.decisions == second.decisions
    assert len(first.times) <= limiter.all_at


@given(
    strategies.builds(ConcurrencyLimit, requests=strategies.integers(1, 5))
    | strategies.builds(
        LoadShedding, starts_at=strategies.integers(1, 5), all_at=strategies.integers(5, 9)
    ),
    strategies.lists(strategies.booleans(), max_size=60),
)
def test_no_more_requests_are_in_flight_than_may_be(
    limiter: ConcurrencyLimit | LoadShedding, arrivals: Sequence[bool]
) -> None:
    most = limiter.requests if isinstance(limiter, ConcurrencyLimit) else limiter.all_at
    meter = limiter.meter()
    in_flight = 0
    for arrives in arrivals:
        if arrives:
            in_flight += meter.arrive(0).accepted
            assert in_flight <= most
        elif in_flight:
            meter.leave()
            in_flight -= 1


@given(TIMED, STARTS, GAPS)
def test_all_of_one_is_that_one(limiter: Limiter, start: float, gaps: Sequence[float]) -> None:
    expected = send(limiter, start, gaps).decisions
    for counts_refused in (False, True):
        alone = AllOf(limiters=[limiter], counts_refused=counts_refused)
        assert send(alone, start, gaps).decisions == expected


@given(strategies.lists(TIMED, min_size=2, max_size=3), STARTS, GAPS)
def test_all_of_several_keeps_each_limit(
    limiters: Sequence[Limiter], start: float, gaps: Sequence[float]
) -> None:
    times = send(AllOf(limiters=limiters), start, gaps).times
    for limiter in limiters:
        meter = limiter.meter()
        assert all(meter.arrive(time).accepted for time in times)


@pytest.mark.parametrize("kind", ["ratelimit", "ratelimit-draft", "x-ratelimit", None])
@given(GAPS)
def test_a_date_names_the_second_that_seconds_name(kind: Any, gaps: Sequence[float]) -> None:
    start = 1_767_225_600.0
    by = [
        send(TokenBucket(rate=1, burst=2, says=Says(retry_after=how, headers=kind)), start, gaps)
        for how in ("seconds", "date")
    ]
    for seconds, date in zip(by[0].decisions, by[1].decisions, strict=True):
        assert seconds.accepted == date.accepted
        if not date.accepted:
            named = parsedate_to_datetime(date.headers["Retry-After"]).timestamp()
            assert abs(named - date.now - int(seconds.headers["Retry-After"])) <= 1
