"""Models of the rate limiters that services have, to try a job against.

    limiter = TokenBucket(rate=50, burst=20, says=Says(headers="ratelimit"))
    async with FakeCurrents(world, rate_limit=limiter) as server: ...

Each is a setting. `says` is how the server puts into words what it decides. No socket is needed:

    meter = limiter.meter()
    decision = meter.arrive(now)
    decision.accepted, decision.status, decision.headers
    meter.leave()  # when a request that was accepted is over

Refused requests do not count, unless `AllOf` says so.
"""

from currents_async.testing._limiters.combined import AllOf, ChangesAfter
from currents_async.testing._limiters.decision import Decision, Quota, RateHeaders, Says
from currents_async.testing._limiters.fixed_window import FixedWindow, RatePolicy
from currents_async.testing._limiters.load import ConcurrencyLimit, LoadShedding
from currents_async.testing._limiters.meter import Limiter, Meter, Refusal
from currents_async.testing._limiters.sliding_counter import SlidingCounter
from currents_async.testing._limiters.sliding_log import SlidingLog
from currents_async.testing._limiters.spelling import parse_limiter
from currents_async.testing._limiters.token_bucket import TokenBucket

__all__ = [
    "AllOf",
    "ChangesAfter",
    "ConcurrencyLimit",
    "Decision",
    "FixedWindow",
    "Limiter",
    "LoadShedding",
    "Meter",
    "Quota",
    "RateHeaders",
    "RatePolicy",
    "Refusal",
    "Says",
    "SlidingCounter",
    "SlidingLog",
    "TokenBucket",
    "parse_limiter",
]
