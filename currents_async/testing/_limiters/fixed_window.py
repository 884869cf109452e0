"""Fixed windows."""

import math

import msgspec

from currents_async._checks import check_flag, check_int, check_seconds, check_type
from currents_async.testing._limiters.decision import TICK, Quota, Says
from currents_async.testing._limiters.meter import Meter, Refusal


class FixedWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A number of requests in each window, which begins with the first request in it.

        FixedWindow(requests=1_000, per=60, aligned=True, says=Says(headers="x-ratelimit"))

    With `aligned`, windows begin with the clock, such as on every whole minute, as in Kong and in
    Envoy's rate limit service. Twice the limit may pass in a moment: before and after the end of a
    window. Sources: https://developer.konghq.com/plugins/rate-limiting/,
    https://github.com/envoyproxy/ratelimit.
    """

    requests: int
    per: float = 1.0
    """The length of a window in seconds."""
    aligned: bool = False
    """Whether windows begin at multiples of `per` seconds since the epoch."""
    says: Says = Says()

    def __post_init__(self) -> None:
        check_int("FixedWindow.requests", self.requests)
        check_seconds("FixedWindow.per", self.per)
        check_flag("FixedWindow.aligned", self.aligned)
        check_type("FixedWindow.says", self.says, Says)

    def meter(self) -> Meter:
        """Begin outside of any window."""
        return _WindowMeter(self)


class RatePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A `FixedWindow` that says what the documentation of the service mentions.

        RatePolicy(requests=100, per=1)

    Source: `docs/api/base.md`, "Rate limits".
    """

    requests: int = 100
    per: float = 1.0
    """The length of a window in seconds."""
    retry_after: bool = True
    """Whether a refusal carries `Retry-After`, in whole seconds, rounded up."""
    rate_headers: bool = True
    """Whether responses carry `X-RateLimit-Limit`, `-Remaining` and `-Reset`, in epoch seconds."""

    def __post_init__(self) -> None:
        check_int("RatePolicy.requests", self.requests)
        check_seconds("RatePolicy.per", self.per)
        check_flag("RatePolicy.retry_after", self.retry_after)
        check_flag("RatePolicy.rate_headers", self.rate_headers)

    def meter(self) -> Meter:
        """Begin outside of any window."""
        says = Says(
            retry_after="seconds" if self.retry_after else None,
            headers="x-ratelimit" if self.rate_headers else None,
        )
        return FixedWindow(requests=self.requests, per=self.per, says=says).meter()


class _WindowMeter(Meter):
    def __init__(self, limiter: FixedWindow) -> None:
        super().__init__(limiter.says)
        self._limiter = limiter
        self._end = -math.inf
        self._count = 0

    def _refuse(self) -> Refusal | None:
        is_full = not self._is_over() and self._count >= self._limiter.requests
        return self._refuse_for(self._end - self.now) if is_full else None

    def take(self) -> None:
        if self._is_over():
            self._end = self._start() + self._limiter.per
            self._count = 0
        self._count += 1

    def quotas(self) -> tuple[Quota, ...]:
        limit, per = self._limiter.requests, self._limiter.per
        if self._is_over():
            return (Quota(limit, limit, per),)
        left = self._end - self.now
        return (Quota(limit, limit - self._count, per, reset=left, more=left),)

    def _is_over(self) -> bool:
        return self.now >= self._end - TICK

    def _start(self) -> float:
        """Return when a window starts that has the current request in it."""
        per = self._limiter.per
        return math.floor((self.now + TICK) / per) * per if self._limiter.aligned else self.now
