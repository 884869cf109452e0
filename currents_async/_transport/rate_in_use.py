"""The rate that a client keeps, and why: for people and monitors."""

import math
from typing import Literal

import msgspec

RateReason = Literal["unlimited", "given", "found", "told"]
PauseReason = Literal["asked", "search"]
_WHY: dict[PauseReason | None, str] = {
    "asked": "the server asked",
    "search": "its limit is being found",
}


class RateInUse(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a client sends at the moment, and what keeps it from sending faster.

    As text it is a few words for a status line, empty where nothing holds the client back.
    """

    per_second: float | None
    """Requests per second; None while there is no limit."""
    reason: RateReason
    """`given` as `Limits.rate`, `found` from refusals, or `told` by the server's headers."""
    pause_left: float
    """Seconds until requests may leave again; 0 outside of a pause."""
    pause_reason: PauseReason | None = None
    """Whether the server `asked` for the pause, or its limit is being found, by a `search`; None
    outside of a pause."""
    in_flight: int
    """Requests that were sent and have had no response so far."""
    slots: int | None
    """Requests that may be in flight at once because the server bears no more; None without a
    limit but that of `Limits.concurrency`."""
    window: int | None
    """Requests that the server allows in a window of some length; None if it has no such limit."""
    throttles: int
    """Requests that the server has refused because there were too many."""

    def is_like(self, other: "RateInUse | None") -> bool:
        """Return whether the limit is about the same as in another moment."""
        return (
            other is not None
            and self.reason == other.reason
            and _are_near(self.per_second, other.per_second)
            and _are_near(self.slots, other.slots)
            and _are_near(self.window, other.window)
        )

    def __str__(self) -> str:
        if self.pause_left > 0:
            return f"paused {math.ceil(self.pause_left)} s: {_WHY[self.pause_reason or 'asked']}"
        if self.slots is not None:
            return f"{self.slots} at once, limited by the server"
        if self.window is not None and self.per_second is None:
            return f"{self.window:,} in a window, limited by the server"
        if self.per_second is None:
            return ""
        by = "by Limits.rate" if self.reason == "given" else "by the server"
        digits = 0 if self.per_second >= 10 else 1  # noqa: PLR2004
        return f"{self.per_second:,.{digits}f}/s, limited {by}"


def _are_near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 0.1 * other
