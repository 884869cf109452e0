"""What the server states about its limit, and how far that is believed: pure."""

from currents_async._wire.rate_limits import Allowance

_LIES = 3
"""Responses in a row that say that nothing is left, after which that is not believed."""


class Stated:
    """The last statement of how many requests are left, and until when."""

    def __init__(self) -> None:
        self._said: Allowance | None = None
        self._until = 0.0
        self._spent = 0

    def hear(self, now: float, said: Allowance) -> None:
        """Note what a response says."""
        self._said = said
        self._until = now + said.reset
        self._spent = 0 if said.remaining else self._spent + 1

    def has_room(self, now: float, in_flight: int) -> bool:
        """Return whether another request can be accepted, by what was stated."""
        said = self._said
        if said is None or self._spent > _LIES or now >= self._until:
            return True
        # Always allow one probe, or we would never learn that the window was reset.
        return in_flight < max(1, said.remaining)
