"""What servers say about their limiters, in each of the ways in which they do."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies

from currents_async.testing.limiters import (
    AllOf,
    ConcurrencyLimit,
    Decision,
    FixedWindow,
    Limiter,
    Quota,
    Says,
    SlidingLog,
    TokenBucket,
)

EPOCH = 1_767_225_600.0


def said(limiter: Limiter, *times: float) -> dict[str, str]:
    """Return the headers of the last response."""
    meter = limiter.meter()
    return [meter.arrive(EPOCH + time) for time in times][-1].headers


def window(**says: Any) -> FixedWindow:
    return FixedWindow(requests=2, per=10, says=Says(**says))


def test_nothing() -> None:
    assert said(window(retry_after=None), 0, 0, 0) == {}


def test_retry_after_is_rounded_up() -> None:
    assert said(window(), 0) == {}
    assert said(window(), 0, 0, 0) == {"Retry-After": "10"}
    assert said(window(), 0, 0, 0.25) == {"Retry-After": "10"}
    assert said(window(), 0, 0, 9.99) == {"Retry-After": "1"}
    assert said(TokenBucket(rate=50, burst=1), 0, 0) == {"Retry-After": "1"}


def test_retry_after_as_a_date() -> None:
    dated = window(retry_after="date")
    assert said(dated, 0.5, 0.5, 0.75) == {"Retry-After": "Thu, 01 Jan 2026 00:00:11 GMT"}


def test_x_ratelimit() -> None:
    quota = {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0"}
    epoch = window(headers="x-ratelimit")
    assert said(epoch, 0.5, 4) == quota | {"X-RateLimit-Reset": "1767225611"}
    seconds = window(headers="x-ratelimit-seconds")
    assert said(seconds, 0.5, 4) == quota | {"X-RateLimit-Reset": "7"}


def test_older_draft() -> None:
    assert said(window(headers="ratelimit-draft"), 0, 4, 4) == {
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "6",
        "RateLimit-Policy": "2;w=10",
        "Retry-After": "6",
    }


def test_structured_fields() -> None:
    assert said(window(headers="ratelimit"), 0, 4, 4) == {
        "RateLimit-Policy": '"default";q=2;w=10',
        "RateLimit": '"default";r=0;t=6',
        "Retry-After": "6",
    }


def test_structured_fields_tell_when_more_is_available() -> None:
    """Not when all of it is: `t` is about additional quota."""
    bucket = TokenBucket(rate=0.5, burst=4, says=Says(headers="ratelimit"))
    assert said(bucket, 0, 0, 0) == {
        "RateLimit-Policy": '"default";q=4;w=8',
        "RateLimit": '"default";r=1;t=2',
    }


@pytest.mark.parametrize(
    ("limiter", "policy"),
    [
        (TokenBucket(rate=50, burst=20), "q=50;w=1"),  # 20 in 0.4 s
        (TokenBucket(rate=50, burst=75), "q=100;w=2"),
        (TokenBucket(rate=0.3, burst=1), "q=1;w=4"),
        (FixedWindow(requests=10, per=0.25), "q=40;w=1"),
        (SlidingLog(requests=100, per=60), "q=100;w=60"),
    ],
)
def test_policies_are_in_whole_seconds(limiter: Any, policy: str) -> None:
    speaking = type(limiter)(
        **{name: getattr(limiter, name) for name in limiter.__struct_fields__ if name != "says"},
        says=Says(headers="ratelimit"),
    )
    assert said(speaking, 0)["RateLimit-Policy"] == f'"default";{policy}'


def test_of_several_limits_the_tightest_is_stated() -> None:
    limits = (FixedWindow(requests=10), FixedWindow(requests=12, per=60))
    both = AllOf(limiters=limits, says=Says(headers="x-ratelimit"))
    assert said(both, 0)["X-RateLimit-Limit"] == "10"
    later = said(both, *[0] * 8, 1)
    assert (later["X-RateLimit-Limit"], later["X-RateLimit-Remaining"]) == ("12", "3")


def test_the_tightest_limit_has_the_smallest_share_left() -> None:
    limits = (FixedWindow(requests=10), FixedWindow(requests=40, per=60))
    both = AllOf(limiters=limits, says=Says(headers="x-ratelimit"))
    later = said(both, *[0] * 10, *[1] * 10, *[2] * 5)
    assert (later["X-RateLimit-Limit"], later["X-RateLimit-Remaining"]) == ("40", "15")


def test_structured_fields_state_several_limits() -> None:
    limits = (FixedWindow(requests=10), TokenBucket(rate=1, burst=60), ConcurrencyLimit(requests=8))
    both = AllOf(limiters=limits, says=Says(headers="ratelimit"))
    assert said(both, 0, 0.5) == {
        "RateLimit-Policy": '"limit-1";q=10;w=1, "limit-2";q=60;w=60, '
        '"limit-3";q=8;qu="concurrent-requests"',
        "RateLimit": '"limit-1";r=8;t=1, "limit-2";r=58;t=1, "limit-3";r=6',
    }


@pytest.mark.parametrize("headers", ["x-ratelimit", "x-ratelimit-seconds", "ratelimit-draft"])
def test_only_structured_fields_can_state_requests_at_once(headers: Any) -> None:
    assert said(ConcurrencyLimit(requests=1, says=Says(headers=headers)), 0, 0) == {}


QUOTAS = strategies.builds(
    Quota,
    limit=strategies.integers(1, 10**6),
    remaining=strategies.integers(0, 10**6),
    window=strategies.none() | strategies.floats(0.01, 86_400),
    reset=strategies.floats(0, 86_400),
    more=strategies.floats(0, 86_400),
)


@given(strategies.lists(QUOTAS, min_size=1, max_size=3))
def test_structured_fields_are_those_of_rfc_9651(quotas: Sequence[Quota]) -> None:
    http_sf: Any = pytest.importorskip("http_sf")
    decision = Decision(
        accepted=True, says=Says(headers="ratelimit"), now=0.0, quotas=tuple(quotas)
    )
    policies, limits = (
        http_sf.parse(decision.headers[name].encode(), tltype="list")
        for name in ("RateLimit-Policy", "RateLimit")
    )
    names = [name for name, _ in policies]
    assert names == [name for name, _ in limits]
    assert len({*names}) == len(quotas)
    for quota, (_, policy), (_, limit) in zip(quotas, policies, limits, strict=True):
        assert limit["r"] == quota.remaining
        if quota.window is None:
            assert policy == {"q": quota.limit, "qu": "concurrent-requests"}
        else:
            assert {*policy} == {"q", "w"}
            assert policy["w"] == pytest.approx(quota.window, abs=1)
            rate = quota.limit / quota.window
            assert rate - 1 / policy["w"] <= policy["q"] / policy["w"] <= rate + 0.01
            assert limit["t"] == pytest.approx(quota.more, abs=1)
