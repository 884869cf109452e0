import math
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from currents_async import InvalidArgumentError
from currents_async.testing.limiters import (
    AllOf,
    ChangesAfter,
    ConcurrencyLimit,
    FixedWindow,
    Limiter,
    LoadShedding,
    Meter,
    Quota,
    Says,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)

EPOCH = 1_767_225_600.0
PASSES = None
"""The wait of a request that passes, which has none."""


def waits(meter: Meter, times: Iterable[float]) -> list[float | None]:
    """Return, for each request, how long it would have to wait."""
    decisions = [meter.arrive(EPOCH + time) for time in times]
    return [PASSES if one.accepted else one.wait for one in decisions]


def about(*values: float | None) -> list[Any]:
    return [value if value is None else pytest.approx(value, abs=1e-5) for value in values]


def test_token_bucket() -> None:
    meter = TokenBucket(rate=2, burst=3).meter()
    assert waits(meter, [0, 0, 0, 0, 0.25]) == about(PASSES, PASSES, PASSES, 0.5, 0.25)
    assert waits(meter, [0.5, 0.5, 1]) == about(PASSES, 0.5, PASSES)
    assert waits(meter, [100, 100, 100, 100]) == about(PASSES, PASSES, PASSES, 0.5)
    assert meter.quotas() == (Quota(3, 0, 1.5, reset=1.5, more=0.5),)


def test_token_bucket_of_one_is_a_leaky_bucket() -> None:
    meter = TokenBucket(rate=50, burst=1).meter()
    assert waits(meter, [0, 0.01, 0.02, 0.039, 0.04]) == about(PASSES, 0.01, PASSES, 0.001, PASSES)


def test_token_bucket_of_less_than_one_per_second() -> None:
    meter = TokenBucket(rate=0.25, burst=1).meter()
    assert waits(meter, [0, 1, 4]) == about(PASSES, 3, PASSES)


def test_fixed_window_begins_with_the_first_request() -> None:
    meter = FixedWindow(requests=2, per=10).meter()
    assert waits(meter, [7, 8, 16, 17, 18, 19]) == about(PASSES, PASSES, 1, PASSES, PASSES, 8)
    assert waits(meter, [60, 60, 69.5]) == about(PASSES, PASSES, 0.5)


@pytest.mark.parametrize("per", [1, 10, 60, 300])
def test_fixed_window_aligned_to_the_clock(per: int) -> None:
    meter = FixedWindow(requests=2, per=per, aligned=True).meter()
    assert waits(meter, [0.75 * per, 0.8 * per]) == [PASSES, PASSES]
    assert waits(meter, [0.9 * per, per, per]) == about(0.1 * per, PASSES, PASSES)


def test_sliding_log() -> None:
    meter = SlidingLog(requests=2, per=10).meter()
    assert waits(meter, [0, 4, 5, 10, 11, 14]) == about(PASSES, PASSES, 5, PASSES, 3, PASSES)
    assert meter.quotas() == (Quota(2, 0, 10.0, reset=10.0, more=6.0),)


def test_sliding_counter() -> None:
    meter = SlidingCounter(requests=4, per=10).meter()
    assert waits(meter, [2, 2, 2, 2]) == [PASSES] * 4
    # From 10 s on, those 4 are about 3.9, then less, and none at 20 s; they are rounded down.
    assert waits(meter, [9, 10, 12.4, 12.5]) == about(1, PASSES, 0.1, PASSES)
    assert waits(meter, [17.5, 17.5, 17.5]) == about(PASSES, PASSES, 2.5)
    assert waits(meter, [40, 40, 40, 40, 40]) == about(*[PASSES] * 4, 10)


def test_concurrency_limit() -> None:
    meter = ConcurrencyLimit(requests=2).meter()
    decisions = [meter.arrive(0) for _ in range(3)]
    assert [one.accepted for one in decisions] == [True, True, False]
    assert decisions[-1].wait is None
    assert decisions[-1].headers == {}
    meter.leave()
    assert [meter.arrive(0).accepted for _ in range(2)] == [True, False]


def shed(limiter: LoadShedding, requests: int, in_flight: int) -> float:
    """Return the share of requests that are refused while so many others are in flight."""
    meter = limiter.meter()
    while meter.quotas() == () and in_flight:
        in_flight -= meter.arrive(0).accepted
    refused = 0
    for _ in range(requests):
        if meter.arrive(0).accepted:
            meter.leave()
        else:
            refused += 1
    return refused / requests


@pytest.mark.parametrize(
    ("in_flight", "share"), [(0, 0), (3, 0), (4, 0), (5, 0.25), (6, 0.5), (7, 0.75), (8, 1)]
)
def test_load_shedding(in_flight: int, share: float) -> None:
    limiter = LoadShedding(starts_at=4, all_at=8)
    assert shed(limiter, 2_000, in_flight) == pytest.approx(share, abs=0.05)


def test_load_shedding_says_503_and_nothing_else() -> None:
    meter = LoadShedding(starts_at=1, all_at=1).meter()
    assert meter.arrive(0).accepted
    decision = meter.arrive(0)
    assert (decision.status, decision.headers, decision.wait) == (503, {}, None)


def accepted(limiter: Limiter, times: Sequence[float]) -> list[bool]:
    meter = limiter.meter()
    return [meter.arrive(EPOCH + time).accepted for time in times]


SECOND_AND_MINUTE = (FixedWindow(requests=2), FixedWindow(requests=4, per=60))


def test_all_of_refuses_with_the_longest_wait() -> None:
    meter = AllOf(limiters=SECOND_AND_MINUTE).meter()
    assert waits(meter, [0, 0, 0.25, 1, 1, 1, 2]) == about(
        PASSES, PASSES, 0.75, PASSES, PASSES, 59, 58
    )


def test_all_of_counts_no_refused_request() -> None:
    hammering = [0.0] * 9 + [1.0] * 9
    assert sum(accepted(AllOf(limiters=SECOND_AND_MINUTE), hammering)) == 4
    assert sum(accepted(AllOf(limiters=SECOND_AND_MINUTE, counts_refused=True), hammering)) == 2


def test_all_of_gives_slots_back_for_refused_requests() -> None:
    limits = (ConcurrencyLimit(requests=2), FixedWindow(requests=1))
    for counts_refused in (False, True):
        meter = AllOf(limiters=limits, counts_refused=counts_refused).meter()
        assert [meter.arrive(time).accepted for time in (0, 0, 0, 1, 2)] == [
            *(True, False, False, True, False)
        ]
        meter.leave()
        assert meter.arrive(3).accepted


def test_all_of_is_said_by_the_first_that_refuses() -> None:
    busy = LoadShedding(starts_at=1, all_at=1)
    window = FixedWindow(requests=2, says=Says(headers="x-ratelimit"))
    meter = AllOf(limiters=[window, busy]).meter()
    assert {*meter.arrive(0).headers} == {
        f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset")
    }
    decision = meter.arrive(0)
    assert (decision.status, decision.headers) == (503, {})
    meter.leave()
    assert meter.arrive(0).accepted
    decision = meter.arrive(0)
    assert decision.status == 429
    assert "Retry-After" not in decision.headers  # when the service is less busy is not known


def test_all_of_can_speak_with_one_voice() -> None:
    says = Says(status=503, retry_after=None, headers="ratelimit-draft")
    meter = AllOf(limiters=SECOND_AND_MINUTE, says=says).meter()
    decisions = [meter.arrive(time) for time in (0, 0, 0, 1, 1, 1)]
    assert [one.status for one in decisions] == [None, None, 503, None, None, 503]
    assert decisions[-1].headers == {
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "1",
        "RateLimit-Policy": "2;w=1, 4;w=60",
    }


def test_changes_after() -> None:
    says = Says(status=503)
    limiter = ChangesAfter(
        first=FixedWindow(requests=3), seconds=4, then=FixedWindow(requests=1, says=says)
    )
    assert accepted(limiter, [0, 0, 0, 0]) == [True, True, True, False]
    meter = limiter.meter()
    decisions = [meter.arrive(EPOCH + time) for time in (7, 10.75, 11, 11, 12)]
    assert [one.accepted for one in decisions] == [True, True, True, False, True]
    assert decisions[3].status == 503
    assert [one.says for one in decisions] == [Says()] * 2 + [says] * 3


def test_changes_after_frees_the_slots_of_the_limit_that_gave_them() -> None:
    limiter = ChangesAfter(
        first=ConcurrencyLimit(requests=3), seconds=4, then=ConcurrencyLimit(requests=1)
    )
    meter = limiter.meter()
    assert [meter.arrive(0).accepted for _ in range(3)] == [True] * 3
    assert [meter.arrive(4).accepted for _ in range(2)] == [True, False]
    for _ in range(3):
        meter.leave()
        assert not meter.arrive(5).accepted
    meter.leave()
    assert [meter.arrive(6).accepted for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "limiter",
    [
        TokenBucket(rate=4, burst=2),
        FixedWindow(requests=2, per=10),
        FixedWindow(requests=2, per=10, aligned=True),
        SlidingLog(requests=2, per=10),
        SlidingCounter(requests=2, per=10),
    ],
)
def test_a_tick_early_is_in_time(limiter: Limiter) -> None:
    """A request that comes less than a tick early passes, and quotas agree with that."""
    meter = limiter.meter()
    assert meter.check(EPOCH) is None
    (full,) = meter.quotas()
    assert (full.remaining, full.reset, full.more) == (2, 0, 0)
    *_, refused = [meter.arrive(EPOCH) for _ in range(3)]
    assert refused.wait is not None
    assert meter.check(EPOCH + refused.wait - 5e-7) is None
    (quota,) = meter.quotas()
    assert quota.remaining == (2 if isinstance(limiter, FixedWindow | SlidingLog) else 1)
    assert meter.arrive(EPOCH + refused.wait - 5e-7).quotas[0].remaining == quota.remaining - 1


def test_time_that_goes_backwards_stands_still() -> None:
    meter = TokenBucket(rate=1, burst=1).meter()
    assert waits(meter, [10, 5, 10.5, 11]) == about(PASSES, 1, 0.5, PASSES)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (TokenBucket, {"rate": 0, "burst": 1}, "TokenBucket.rate must be a positive number"),
        (TokenBucket, {"rate": math.nan, "burst": 1}, "TokenBucket.rate must be"),
        (TokenBucket, {"rate": math.inf, "burst": 1}, "TokenBucket.rate must be"),
        (TokenBucket, {"rate": "50", "burst": 1}, "TokenBucket.rate must be"),
        (TokenBucket, {"rate": 1, "burst": 0}, "TokenBucket.burst must be a positive integer"),
        (TokenBucket, {"rate": 1, "burst": 1.5}, "TokenBucket.burst must be"),
        (TokenBucket, {"rate": 1, "burst": True}, "TokenBucket.burst must be"),
        (FixedWindow, {"requests": 0}, "FixedWindow.requests must be"),
        (FixedWindow, {"requests": 1, "per": -1}, "FixedWindow.per must be a positive number"),
        (FixedWindow, {"requests": 1, "aligned": 1}, "FixedWindow.aligned must be a bool"),
        (SlidingLog, {"requests": -1}, "SlidingLog.requests must be"),
        (SlidingLog, {"requests": 1, "per": math.inf}, "SlidingLog.per must be"),
        (SlidingCounter, {"requests": 0}, "SlidingCounter.requests must be"),
        (SlidingCounter, {"requests": 1, "per": 0}, "SlidingCounter.per must be"),
        (ConcurrencyLimit, {"requests": 0}, "ConcurrencyLimit.requests must be"),
        (LoadShedding, {"starts_at": 0, "all_at": 1}, "LoadShedding.starts_at must be"),
        (LoadShedding, {"starts_at": 2, "all_at": 1}, "LoadShedding.all_at must be at least"),
        (LoadShedding, {"starts_at": 1, "all_at": 1, "seed": -1}, "LoadShedding.seed must be"),
        (AllOf, {"limiters": []}, "AllOf.limiters must not be empty"),
        (AllOf, {"limiters": [50]}, r"AllOf.limiters\[0\] must be a limiter, not int"),
        (
            AllOf,
            {"limiters": [FixedWindow(requests=1)], "counts_refused": None},
            "AllOf.counts_refused must be",
        ),
        (
            ChangesAfter,
            {"first": 50, "seconds": 1, "then": FixedWindow(requests=1)},
            "ChangesAfter.first must be a limiter",
        ),
        (
            ChangesAfter,
            {"first": FixedWindow(requests=1), "seconds": 1, "then": None},
            "ChangesAfter.then must be a limiter",
        ),
        (
            ChangesAfter,
            {"first": FixedWindow(requests=1), "seconds": 0, "then": FixedWindow(requests=1)},
            "ChangesAfter.seconds must be",
        ),
        (FixedWindow, {"requests": 1, "says": None}, "FixedWindow.says must be a Says"),
        (Says, {"status": 200}, "Says.status must be an integer from 400 to 599"),
        (Says, {"retry_after": "minutes"}, "Says.retry_after must be one of seconds, date"),
        (Says, {"headers": "X-RateLimit"}, "Says.headers must be one of x-ratelimit, "),
    ],
)
def test_settings_that_cannot_work_are_refused(model: Any, options: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{words}"):
        model(**options)
