"""A log of requests over which a window slides."""

from collections import deque

import msgspec

from currents_async._checks import check_int, check_seconds, check_type
from currents_async.testing._limiters.decision import TICK, Quota, Says
from currents_async.testing._limiters.meter import Meter, Refusal


class SlidingLog(msgspec.Struct, frozen=True, kw_only=True):
    """A number of requests in any span of that length: the time of each is kept.

        SlidingLog(requests=100, per=10)

    Sorted sets in Redis, and the moving window of the package `limits`, work like this. Refused
    requests are not kept. Source: https://limits.readthedocs.io/en/stable/strategies.html.
    """

    requests: int
    per: float = 1.0
    """The length of the span in seconds."""
    says: Says = Says()

    def __post_init__(self) -> None:
        check_int("SlidingLog.requests", self.requests)
        check_seconds("SlidingLog.per", self.per)
        check_type("SlidingLog.says", self.says, Says)

    def meter(self) -> Meter:
        """Begin with an empty log."""
        return _LogMeter(self)


class _LogMeter(Meter):
    def __init__(self, limiter: SlidingLog) -> None:
        super().__init__(limiter.says)
        self._requests = limiter.requests
        self._per = limiter.per
        self._ends: deque[float] = deque()
        """When each of the requests no longer counts."""

    def _refuse(self) -> Refusal | None:
        while self._ends and self._ends[0] <= self.now + TICK:
            self._ends.popleft()
        return (
            self._refuse_for(self._ends[0] - self.now)
            if len(self._ends) >= self._requests
            else None
        )

    def take(self) -> None:
        self._ends.append(self.now + self._per)

    def quotas(self) -> tuple[Quota, ...]:
        left = self._requests - len(self._ends)
        if not self._ends:
            return (Quota(self._requests, left, self._per),)
        reset, more = self._ends[-1] - self.now, self._ends[0] - self.now
        return (Quota(self._requests, left, self._per, reset=reset, more=more),)
