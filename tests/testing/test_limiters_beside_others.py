"""The models of limiters beside limiters that others wrote: the same requests pass."""

import math
import random
import threading
from collections.abc import Callable, Sequence
from itertools import accumulate
from types import SimpleNamespace
from typing import Any

import pytest

from currents_async.testing.limiters import (
    FixedWindow,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)

EPOCH = 1_767_225_600.0
SEEDS = range(20)
Clock = SimpleNamespace


def arrivals(seed: int, rate: float, requests: int = 400, start: float = EPOCH) -> list[float]:
    """Return times, with bursts and pauses, at twice a rate on average."""
    chance = random.Random(seed)  # noqa: S311
    gaps = [chance.expovariate(2 * rate) for _ in range(requests)]
    for _ in range(requests // 20):
        start = chance.randrange(requests - 10)
        gaps[start : start + 10] = [chance.expovariate(1_000 * rate) for _ in range(10)]
        gaps[start] = chance.uniform(0, 40 / rate)
    return [start + time for time in accumulate(gaps)]


def accepted(limiter: Limiter, times: Sequence[float]) -> list[bool]:
    meter = limiter.meter()
    return [meter.arrive(time).accepted for time in times]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the time that the package `limits` goes by, and its threads."""
    memory = pytest.importorskip("limits.storage.memory")
    clock = SimpleNamespace(now=EPOCH)
    timer = SimpleNamespace(start=lambda: None, is_alive=lambda: True)
    time = SimpleNamespace(time=lambda: clock.now)
    threads = SimpleNamespace(RLock=threading.RLock, Timer=lambda *_: timer)
    monkeypatch.setattr(memory, "time", time)
    monkeypatch.setattr(memory, "threading", threads)
    monkeypatch.setattr("limits.strategies.time", time)
    return clock


STRATEGIES: dict[str, Callable[[int, int], Limiter]] = {
    "FixedWindowRateLimiter": lambda requests, per: FixedWindow(requests=requests, per=per),
    "MovingWindowRateLimiter": lambda requests, per: SlidingLog(requests=requests, per=per),
    "SlidingWindowCounterRateLimiter": lambda requests, per: SlidingCounter(
        requests=requests, per=per
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_limits(strategy: str, seed: int, clock: Clock) -> None:
    limits: Any = pytest.importorskip("limits")
    requests, per = [(1, 1), (5, 1), (20, 10), (100, 60)][seed % 4]
    times = arrivals(seed, requests / per)
    item = limits.RateLimitItemPerSecond(requests, per)
    other = getattr(limits.strategies, strategy)(limits.storage.MemoryStorage())

    def hit(time: float) -> bool:
        clock.now = time
        return bool(other.hit(item, "key"))

    assert accepted(STRATEGIES[strategy](requests, per), times) == [hit(time) for time in times]


@pytest.mark.parametrize("seed", SEEDS)
def test_gcra_of_throttled(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    throttled: Any = pytest.importorskip("throttled")
    rate, burst = [(1, 1), (5, 2), (50, 20), (50, 100), (500, 50)][seed % 5]
    times = arrivals(seed, rate, start=0.0)  # it adds up intervals, which is inexact after 1970
    other = throttled.Throttled(
        key="key",
        using="gcra",
        quota=throttled.rate_limiter.per_sec(rate, burst=burst),
        store=throttled.MemoryStore(),
    )
    meter = TokenBucket(rate=rate, burst=burst).meter()
    for time in times:
        monkeypatch.setattr("throttled.utils.now_mono_f", lambda time=time: time)
        result = other.limit()
        decision = meter.arrive(time)
        (quota,) = decision.quotas
        assert decision.accepted is not result.limited
        assert quota.remaining == result.state.remaining
        assert quota.reset == pytest.approx(result.state.reset_after, abs=1e-4)
        assert decision.wait == pytest.approx(result.state.retry_after, abs=1e-4)


class NginxLimitReq:
    """`limit_req` with `nodelay`, in its own units: milliseconds, and thousandths of a request.

    Source: https://github.com/nginx/nginx/blob/master/src/http/modules/ngx_http_limit_req_module.c,
    `ngx_http_limit_req_lookup`. In two runs about 360 of 371 decisions were those of a real nginx
    1.22; the others were near the boundary.
    """

    def __init__(self, rate: int, burst: int) -> None:
        self.rate = 1_000 * rate
        self.burst = 1_000 * burst
        self.excess = 0
        self.last: int | None = None

    def lookup(self, now: int) -> int | None:
        """Return the new excess, or None if the request is refused."""
        if self.last is None:
            return 0
        excess = max(0, self.excess - self.rate * (now - self.last) // 1_000 + 1_000)
        return None if excess > self.burst else excess

    def account(self, now: int, excess: int) -> None:
        self.excess, self.last = excess, now


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("rate", "burst"), [(1, 0), (2, 3), (50, 19), (50, 99)])
def test_nginx(rate: int, burst: int, seed: int) -> None:
    other = NginxLimitReq(rate, burst)
    meter = TokenBucket(rate=rate, burst=burst + 1).meter()
    for time in arrivals(seed, rate):
        now = math.floor(1_000 * time)
        excess = other.lookup(now)
        assert meter.arrive(now / 1_000).accepted is (excess is not None)
        if excess is not None:
            other.account(now, excess)


REDIS_CELL = [
    # (seconds, requests that remain, seconds until the reset, seconds to wait)
    (0.0, 4, 1.0, 0.0),
    (0.0, 3, 2.0, 0.0),
    (0.0, 2, 3.0, 0.0),
    (0.0, 1, 4.0, 0.0),
    (0.0, 0, 5.0, 0.0),
    (0.0, 0, 5.0, 1.0),
    (3.0, 2, 3.0, 0.0),
    (3.1, 1, 3.9, 0.0),
    (4.0, 1, 4.0, 0.0),
    (8.0, 4, 1.0, 0.0),
    (9.5, 4, 1.0, 0.0),
]


def test_redis_cell() -> None:
    """What redis-cell decides with `max_burst` 4 at a request per second, by its own test.

    Source: https://github.com/brandur/redis-cell/blob/master/src/cell/mod.rs, `it_rate_limits`.
    """
    meter = TokenBucket(rate=1, burst=4 + 1).meter()
    for time, remaining, reset, wait in REDIS_CELL:
        decision = meter.arrive(time)
        (quota,) = decision.quotas
        assert (quota.remaining, decision.accepted) == (remaining, not wait)
        assert quota.reset == pytest.approx(reset)
        assert decision.wait == pytest.approx(wait)
