"""What the server accepted between two refusals, and what that says about its rate."""

import math
from collections import deque
from typing import NamedTuple

from currents_async._wire.rate_limits import Allowance

_CLOSE = 1.3
_KEPT = 512
"""Times that are kept: more would say nothing new about the rate right before a refusal."""


class Cycle:
    """The responses from the end of one pause until the next refusal: pure, times are passed in.

    A bucket with room for `burst` requests cannot have let more than `burst + rate * seconds` pass
    in any span. If it has run dry, it has let pass at most `rate * seconds` plus what it held at
    the beginning of the span. So the times right before a refusal bound the rate from both sides.
    """

    def __init__(self, began: float, accepted: int = 0) -> None:
        self.began: float = began
        """When the pause before it ended."""
        self.late: int = accepted
        """Requests that outran the refusal before it."""
        self.accepted: int = accepted
        """Requests that were accepted in it, and the late ones."""
        self._times: deque[float] = deque(maxlen=_KEPT)

    def add(self, now: float) -> None:
        """Note a response that is not a refusal."""
        self.accepted += 1
        self._times.append(now)

    def add_late(self) -> None:
        """Note one to a request that was sent after the one that was refused first."""
        self.accepted += 1

    def last_second(self, at: float) -> int:
        """Return the responses within the second before a time."""
        return sum(time > at - 1 for time in self._times)

    def at_least(self, at: float, *, burst: float, shortest: float) -> float:
        """Return the rate that a bucket must have that has let this pass until it ran dry.

        Spans below `shortest` seconds say too little.
        """
        rates = (
            (number - burst) / (at - time)
            for number, time in enumerate(reversed(self._times), 1)
            if at - time > shortest and number > burst
        )
        return max(rates, default=0.0)

    def at_most(self, at: float, *, shortest: float, fewest: int = 8) -> float:
        """Return the rate that no limiter can exceed that has let just this pass."""
        spans = [(self.accepted, at - self.began)]
        spans += [(number, at - time) for number, time in enumerate(reversed(self._times), 1)]
        rates = (
            number / seconds
            for number, seconds in spans
            if seconds >= shortest and number >= min(fewest, self.accepted)
        )
        return min(rates, default=math.inf)


class Dry(NamedTuple):
    """The server had enough, paused us, and the pause is over."""

    at: float
    """When the first request was refused."""
    pause: float
    """Seconds until requests could leave again."""
    resumes: float
    """When one did, which may be much later."""
    cycle: Cycle
    accepted: int
    """What the cycle had accepted until then."""
    since_last: float | None
    """Seconds since the server had enough before; None for the first time."""
    latency: float
    """Seconds from a request to its response."""
    jitter: float
    """By how many seconds that varies."""
    told: Allowance | None
    """What the server says it allows, if that is what the refusal was due to."""

    @property
    def passed(self) -> int:
        """What was accepted between two pauses, after the first refusal too."""
        return self.cycle.accepted - self.cycle.late

    @property
    def lasted(self) -> float:
        """Seconds from the end of the pause before to the refusal."""
        return self.at - self.cycle.began

    @property
    def throughput(self) -> float:
        """Requests accepted per second from one refusal to the next, the pause included.

        A bucket that did not overflow during the pause has just this rate; others allow more.
        """
        return (self.accepted + 1) / self.since_last if self.since_last else 0.0

    def bounds(self, was: float, *, burst: float) -> "Bounds":
        """Bound the rate by what was accepted at the rate that was in use, from both sides.

        `burst` is the most that a bucket can hold.
        """
        shortest = max(0.6 * self.latency, min(0.2, 2 / was))
        by_bucket = self.cycle.at_least(self.at, burst=burst, shortest=shortest)
        return Bounds(
            low=max(self.throughput, by_bucket),
            high=min(was, self.cycle.at_most(self.at, shortest=max(0.1, 3 * self.latency))),
            by_bucket=by_bucket,
            last_second=self.cycle.last_second(self.at),
            mean=self.accepted / self.lasted if self.lasted else math.inf,
            was=was,
            has_overflowed=by_bucket > self.accepted / (self.since_last or math.inf),
        )


class Bounds(NamedTuple):
    """Bounds of the rate, in requests per second."""

    low: float
    high: float
    by_bucket: float
    """The lower bound if the limiter is a bucket, which may have overflowed during the pause."""
    last_second: float
    """What was accepted in the second before the refusal."""
    mean: float
    """What was accepted per second, without the pause."""
    was: float
    """The rate in use."""
    has_overflowed: bool
    """Whether a bucket must have overflowed, so that the lower bound is its rate."""

    @property
    def are_close(self) -> bool:
        """Whether the lower bound is as good as the rate."""
        return self.has_overflowed or self.high < _CLOSE * self.low

    @property
    def middle(self) -> float:
        """The rate to try where they are far apart."""
        return math.sqrt(self.low * self.high)
