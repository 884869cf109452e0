"""Limits on requests at once."""

import random

import msgspec

from currents_async._checks import check_int, check_type
from currents_async.errors import InvalidArgumentError
from currents_async.testing._limiters.decision import Quota, Says
from currents_async.testing._limiters.meter import Meter, Refusal

BUSY = Says(retry_after=None, status=503)
"""A failure like any other."""


class ConcurrencyLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A number of requests at once, however fast they follow each other.

        ConcurrencyLimit(requests=8)

    nginx's `limit_conn` works like this, with status 503, and so do Stripe's concurrent requests
    limiter and AWS Lambda's concurrency, with 429. Sources:
    https://nginx.org/en/docs/http/ngx_http_limit_conn_module.html, https://stripe.com/blog/rate-limiters.
    """

    requests: int
    says: Says = Says()

    def __post_init__(self) -> None:
        check_int("ConcurrencyLimit.requests", self.requests)
        check_type("ConcurrencyLimit.says", self.says, Says)

    def meter(self) -> Meter:
        """Begin with no request in flight."""
        return _SlotsMeter(self.says, self.requests)


class LoadShedding(msgspec.Struct, frozen=True, kw_only=True):
    """A service that refuses a share of requests when it is busy, with a 503 and nothing else.

        LoadShedding(starts_at=8, all_at=16)

    From `starts_at` requests in flight on, each further one is refused by chance: the probability
    rises evenly to 1 at `all_at`, as in Envoy's overload manager. Source:
    https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager.
    """

    starts_at: int
    """Requests in flight from which on some are refused."""
    all_at: int
    """Requests in flight from which on all are refused."""
    seed: int = 0
    """Each meter draws the same random numbers, which depend on the seed only."""
    says: Says = BUSY

    def __post_init__(self) -> None:
        check_int("LoadShedding.starts_at", self.starts_at)
        check_int("LoadShedding.all_at", self.all_at)
        if self.all_at < self.starts_at:
            raise InvalidArgumentError(
                f"LoadShedding.all_at must be at least starts_at, {self.starts_at}, "
                f"not {self.all_at}"
            )
        check_int("LoadShedding.seed", self.seed, min_value=0)
        check_type("LoadShedding.says", self.says, Says)

    def meter(self) -> Meter:
        """Begin with no request in flight."""
        return _SheddingMeter(self)


class _InFlightMeter(Meter):
    def __init__(self, says: Says) -> None:
        super().__init__(says)
        self._in_flight = 0

    def take(self) -> None:
        self._in_flight += 1

    def leave(self) -> None:
        self._in_flight -= 1


class _SlotsMeter(_InFlightMeter):
    def __init__(self, says: Says, requests: int) -> None:
        super().__init__(says)
        self._requests = requests

    def _refuse(self) -> Refusal | None:
        return Refusal(self.says, wait=None) if self._in_flight >= self._requests else None

    def quotas(self) -> tuple[Quota, ...]:
        return (Quota(self._requests, self._requests - self._in_flight),)


class _SheddingMeter(_InFlightMeter):
    def __init__(self, limiter: LoadShedding) -> None:
        super().__init__(limiter.says)
        self._starts_at = limiter.starts_at
        self._all_at = limiter.all_at
        self._random = random.Random(limiter.seed).random  # noqa: S311 - not a secret

    def _refuse(self) -> Refusal | None:
        span = self._all_at - self._starts_at
        above = self._in_flight - self._starts_at
        is_shed = above >= span or (above > 0 and self._random() < above / span)
        return Refusal(self.says, wait=None) if is_shed else None
