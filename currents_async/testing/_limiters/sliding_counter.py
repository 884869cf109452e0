"""Two counters that stand for a log."""

import math

import msgspec

from currents_async._checks import check_int, check_seconds, check_type
from currents_async.testing._limiters.decision import TICK, Quota, Says
from currents_async.testing._limiters.meter import Meter, Refusal


class SlidingCounter(msgspec.Struct, frozen=True, kw_only=True):
    """About a number of requests in any span, computed from the counts of two aligned windows.

        SlidingCounter(requests=1_000, per=60)

    Of the previous window those requests count that are less than `per` seconds old if they came
    evenly, rounded down, as in Cloudflare and in the package `limits`. Sources:
    https://blog.cloudflare.com/counting-things-a-lot-of-different-things/,
    https://limits.readthedocs.io/en/stable/strategies.html.
    """

    requests: int
    per: float = 1.0
    """The length of a window in seconds."""
    says: Says = Says()

    def __post_init__(self) -> None:
        check_int("SlidingCounter.requests", self.requests)
        check_seconds("SlidingCounter.per", self.per)
        check_type("SlidingCounter.says", self.says, Says)

    def meter(self) -> Meter:
        """Begin with nothing counted."""
        return _CounterMeter(self)


class _CounterMeter(Meter):
    def __init__(self, limiter: SlidingCounter) -> None:
        super().__init__(limiter.says)
        self._requests = limiter.requests
        self._per = limiter.per
        self._window = 0
        self._count = 0
        self._previous = 0

    def _refuse(self) -> Refusal | None:
        window = math.floor((self.now + TICK) / self._per)
        if window != self._window:
            self._previous = self._count if window == self._window + 1 else 0
            self._count = 0
            self._window = window
        return self._refuse_for(self._wait_for(1))

    def take(self) -> None:
        self._count += 1

    def quotas(self) -> tuple[Quota, ...]:
        # As at the next tick, so that a request passes at the moment that it waited for.
        previous = math.floor(self._previous * (self._left() - TICK) / self._per)
        remaining = max(0, self._requests - self._count - previous)
        return (
            Quota(
                self._requests,
                remaining,
                self._per,
                reset=self._wait_for(self._requests),
                more=self._wait_for(min(remaining + 1, self._requests)),
            ),
        )

    def _left(self) -> float:
        """Return the seconds until the window ends."""
        return (self._window + 1) * self._per - self.now

    def _wait_for(self, requests: int) -> float:
        """Return the seconds until that many would pass."""
        left = self._left()
        room = self._requests - requests
        if self._count > room:
            return left + self._per * max(0.0, 1 - (room + 1) / self._count)
        share = min(1.0, (room + 1 - self._count) / self._previous) if self._previous else 1.0
        return max(0.0, left - share * self._per)
