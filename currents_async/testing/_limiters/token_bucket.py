"""Token buckets, which are also leaky buckets and GCRA."""

import math

import msgspec

from currents_async._checks import check_int, check_positive, check_type
from currents_async.testing._limiters.decision import TICK, Quota, Says
from currents_async.testing._limiters.meter import Meter, Refusal


class TokenBucket(msgspec.Struct, frozen=True, kw_only=True):
    """A steady rate, and up to `burst` requests at once after a rest.

        TokenBucket(rate=50, burst=20, says=Says(status=503, retry_after=None))

    A leaky bucket and GCRA accept the same requests, and have no model of their own: nginx's
    `limit_req zone=… burst=19 nodelay` at 50r/s is the example above (nginx counts the first
    request beside the burst), and so is redis-cell's `CL.THROTTLE key 19 50 1`. Without `nodelay`,
    nginx delays what it does not refuse, which a client sees as latency.

    Sources: https://nginx.org/en/docs/http/ngx_http_limit_req_module.html,
    https://github.com/brandur/redis-cell,
    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter.
    """

    rate: float
    """Requests per second."""
    burst: int
    """The requests that a full bucket lets pass at once."""
    says: Says = Says()

    def __post_init__(self) -> None:
        check_positive("TokenBucket.rate", self.rate)
        check_int("TokenBucket.burst", self.burst)
        check_type("TokenBucket.says", self.says, Says)

    def meter(self) -> Meter:
        """Begin with a full bucket."""
        return _BucketMeter(self)


class _BucketMeter(Meter):
    def __init__(self, limiter: TokenBucket) -> None:
        super().__init__(limiter.says)
        self._rate = limiter.rate
        self._burst = limiter.burst
        self._tokens = float(limiter.burst)
        self._at = -math.inf

    def _refuse(self) -> Refusal | None:
        self._tokens = min(self._burst, self._tokens + (self.now - self._at) * self._rate)
        self._at = self.now
        return self._refuse_for((1 - self._tokens) / self._rate)

    def take(self) -> None:
        self._tokens -= 1

    def quotas(self) -> tuple[Quota, ...]:
        remaining = max(0, math.floor(self._tokens + TICK * self._rate))
        return (
            Quota(
                limit=self._burst,
                remaining=remaining,
                window=self._burst / self._rate,
                reset=(self._burst - self._tokens) / self._rate,
                more=max(0.0, min(remaining + 1, self._burst) - self._tokens) / self._rate,
            ),
        )
