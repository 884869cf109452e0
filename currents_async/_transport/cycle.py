"""What the server accepted between two refusals, and what that says about its rate."""

from collections import deque

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
        self.accepted: int = accepted
        """Requests that were accepted in it; those that outran the refusal before it included."""
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
        return min(rates, default=float("inf"))
