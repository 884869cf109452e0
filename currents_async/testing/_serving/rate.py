"""A rate limit in fixed windows."""

import math
from typing import NamedTuple

import msgspec

from currents_async.errors import InvalidArgumentError
from currents_async.testing.clock import AnyClock


class RatePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests a fake server accepts, and how it reports that.

    Windows are fixed: each starts with the first request after the end of the previous one.
    Requests beyond the limit get a 429, and do not count.
    """

    requests: int = 100
    """The limit of a window."""
    per: float = 1.0
    """The length of a window in seconds."""
    retry_after: bool = True
    """Whether a 429 carries `Retry-After`, in whole seconds, rounded up."""
    rate_headers: bool = True
    """Whether responses carry `X-RateLimit-Limit`, `-Remaining` and `-Reset`, in epoch seconds."""

    def __post_init__(self) -> None:
        if self.requests < 1:
            raise InvalidArgumentError(f"requests must be at least 1, not {self.requests}")
        if not 0 < self.per < math.inf:
            raise InvalidArgumentError(f"per must be a number of seconds above 0, not {self.per}")


class RateDecision(NamedTuple):
    """What a rate limit decides about one request."""

    allowed: bool
    headers: dict[str, str]


class RateWindow:
    """Counts requests against a policy."""

    def __init__(self, policy: RatePolicy, clock: AnyClock) -> None:
        self._policy = policy
        self._clock = clock
        self._end = -math.inf
        self._remaining = 0

    def count(self) -> RateDecision:
        """Count a request that has just arrived."""
        now = self._clock.now()
        if now >= self._end:
            self._end = now + self._policy.per
            self._remaining = self._policy.requests
        allowed = self._remaining > 0
        if allowed:
            self._remaining -= 1
        return RateDecision(allowed, self._headers(self._end - now, allowed=allowed))

    def _headers(self, wait: float, *, allowed: bool) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self._policy.rate_headers:
            headers["X-RateLimit-Limit"] = str(self._policy.requests)
            headers["X-RateLimit-Remaining"] = str(self._remaining)
            headers["X-RateLimit-Reset"] = str(math.ceil(self._clock.wall() + wait))
        if self._policy.retry_after and not allowed:
            headers["Retry-After"] = str(math.ceil(wait))
        return headers
