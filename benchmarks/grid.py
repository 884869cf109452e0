"""Scenarios at random: limiters, networks and jobs as they may be, the same for the same seed."""

import random
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from benchmarks.simulation import Scenario, allowed
from currents_async.testing.limiters import (
    FixedWindow,
    Limiter,
    Says,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)

Kind = Literal["token bucket", "fixed window", "aligned window", "sliding log", "sliding counter"]
KINDS: tuple[Kind, ...] = (
    "token bucket",
    "fixed window",
    "aligned window",
    "sliding log",
    "sliding counter",
)
WAYS: dict[str, Says] = {
    "Retry-After": Says(),
    "a date": Says(retry_after="date"),
    "nothing": Says(retry_after=None),
    "nothing, 503": Says(retry_after=None, status=503),
    "X-RateLimit": Says(headers="x-ratelimit"),
    "RateLimit": Says(headers="ratelimit"),
    "RateLimit draft": Says(headers="ratelimit-draft"),
}
_MAX_REQUESTS = 6000
"""Larger jobs take too long to simulate, and show nothing else."""


class Case(NamedTuple):
    """A scenario, and what it stands for."""

    kind: Kind
    way: str
    scenario: Scenario


def cases(
    number: int, seconds: float, *, kinds: Sequence[Kind] = KINDS, ways: Sequence[str] = tuple(WAYS)
) -> Iterator[Case]:
    """Yield scenarios of so many seconds of allowed traffic, each kind and way as often."""
    made = seed = 0
    while made < number:
        kind = kinds[made % len(kinds)]
        way = ways[made // len(kinds) % len(ways)]
        found = case(seed, seconds, kind, way)
        seed += 1
        if found.scenario.requests <= _MAX_REQUESTS:
            made += 1
            yield found


def case(seed: int, seconds: float, kind: Kind, way: str) -> Case:
    """Return the scenario of a seed."""
    draw = random.Random(f"{seed} {kind} {way}")  # noqa: S311 - no secret
    limiter = _limiter(draw, kind, WAYS[way])
    scenario = Scenario(
        limiter=limiter,
        requests=allowed(limiter, seconds),
        workers=draw.choice((1, 2, 4, 8, 16, 32, 64)),
        latency=0.005 * 100 ** draw.random(),
        seed=seed,
    )
    return Case(kind, way, scenario)


def _limiter(draw: random.Random, kind: Kind, says: Says) -> Limiter:
    rate = 2 * 250 ** draw.random()
    per = draw.choice((1, 1, 1, 10, 60, 300))
    requests = max(1, round(rate * per))
    match kind:
        case "token bucket":
            burst = max(1, round(rate * draw.uniform(1, 5)))
            return TokenBucket(rate=rate, burst=burst, says=says)
        case "fixed window":
            return FixedWindow(requests=requests, per=per, says=says)
        case "aligned window":
            return FixedWindow(requests=requests, per=per, aligned=True, says=says)
        case "sliding log":
            return SlidingLog(requests=requests, per=per, says=says)
        case "sliding counter":
            return SlidingCounter(requests=requests, per=per, says=says)
