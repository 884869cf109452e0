"""Limiters made of limiters."""

from collections.abc import Sequence

import msgspec

from currents_async._checks import check_flag, check_seconds, check_type
from currents_async.errors import InvalidArgumentError
from currents_async.testing._limiters.decision import Quota, Says
from currents_async.testing._limiters.meter import Limiter, Meter, Refusal, check_limiter


class AllOf(msgspec.Struct, frozen=True, kw_only=True):
    """Several limits at once, such as 50 requests per second and 1,000 per minute.

        AllOf(limiters=[TokenBucket(rate=50, burst=50), FixedWindow(requests=1_000, per=60)])

    A refusal states the longest wait of the limiters that refuse. It uses up nothing, as in nginx,
    which looks at all zones before it counts, and in Kong. With `counts_refused` it uses up what
    the other limiters would have let pass, as in Envoy's rate limit service unless it is told to
    `STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT`: a client that exceeds the limit per second then also
    loses the minute. Sources:
    https://github.com/nginx/nginx/blob/master/src/http/modules/ngx_http_limit_req_module.c,
    https://github.com/Kong/kong/blob/master/kong/plugins/rate-limiting/handler.lua,
    https://github.com/envoyproxy/ratelimit.
    """

    limiters: Sequence[Limiter]
    counts_refused: bool = False
    """Whether a refused request uses up the limits that would have let it pass."""
    says: Says | None = None
    """How all of them say it; None leaves it to the first one, or to the first that refuses."""

    def __post_init__(self) -> None:
        check_flag("AllOf.counts_refused", self.counts_refused)
        if self.says is not None:
            check_type("AllOf.says", self.says, Says)
        for number, limiter in enumerate(self.limiters):
            check_limiter(f"AllOf.limiters[{number}]", limiter)
        if not self.limiters:
            raise InvalidArgumentError("AllOf.limiters must not be empty")

    def meter(self) -> Meter:
        """Begin with all of them."""
        return _AllMeter(self)


class ChangesAfter(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that is replaced by another one, a number of seconds after the first request.

    ```python
    ChangesAfter(
        first=TokenBucket(rate=100, burst=20), seconds=4, then=TokenBucket(rate=30, burst=20)
    )
    ```
    """

    first: Limiter
    seconds: float
    then: Limiter

    def __post_init__(self) -> None:
        check_seconds("ChangesAfter.seconds", self.seconds)
        check_limiter("ChangesAfter.first", self.first)
        check_limiter("ChangesAfter.then", self.then)

    def meter(self) -> Meter:
        """Begin with the first; the second begins to count when it replaces it."""
        return _ChangingMeter(self.first.meter(), self.seconds, self.then.meter())


class _AllMeter(Meter):
    def __init__(self, limiter: AllOf) -> None:
        self._meters = [one.meter() for one in limiter.limiters]
        super().__init__(limiter.says or self._meters[0].says)
        self._all_say = limiter.says
        self._counts_refused = limiter.counts_refused

    def _refuse(self) -> Refusal | None:
        found = [(meter, meter.check(self.now)) for meter in self._meters]
        refusals = [refusal for _, refusal in found if refusal is not None]
        if not refusals:
            return None
        if self._counts_refused:
            for meter, refusal in found:
                if refusal is None:
                    meter.take()
                    meter.leave()
        waits = [refusal.wait for refusal in refusals]
        known = [wait for wait in waits if wait is not None]
        wait = max(known) if len(known) == len(waits) else None
        return Refusal(self._all_say or refusals[0].says, wait)

    def take(self) -> None:
        for meter in self._meters:
            meter.take()

    def leave(self) -> None:
        for meter in self._meters:
            meter.leave()

    def quotas(self) -> tuple[Quota, ...]:
        return tuple(quota for meter in self._meters for quota in meter.quotas())


class _ChangingMeter(Meter):
    def __init__(self, first: Meter, seconds: float, then: Meter) -> None:
        super().__init__(first.says)
        self._meter = self._first = first
        self._then = then
        self._seconds = seconds
        self._changes_at: float | None = None
        self._in_flight = 0
        """How many requests are in flight that the first limiter accepted."""

    def _refuse(self) -> Refusal | None:
        if self._changes_at is None:
            self._changes_at = self.now + self._seconds
        if self.now >= self._changes_at:
            self._meter = self._then
            self.says = self._then.says
        return self._meter.check(self.now)

    def take(self) -> None:
        self._in_flight += self._meter is self._first
        self._meter.take()

    def leave(self) -> None:
        if self._in_flight:
            self._in_flight -= 1  # the oldest is the most likely to be over
            self._first.leave()
        else:
            self._then.leave()

    def quotas(self) -> tuple[Quota, ...]:
        return self._meter.quotas()
