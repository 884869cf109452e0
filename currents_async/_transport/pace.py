"""When the next request may leave: pure, told the time and asked for a delay."""

import math

from currents_async._transport.cubic import KEPT, CubicRate

_CATCH_UP = 0.02
"""Seconds of lateness that are made up for: timers never fire early."""

_SCARCE = 0.08
"""A share of a window that is hardly anything: making up for late timers may take most of it."""

_PAUSE = 1.0
"""Seconds to pause where the server does not say; each that was too short doubles them."""
_LONGEST_PAUSE = 8.0

_REMEMBERED = 0xFF
_MANY = 4
"""Throttles among the last eight answers that are no coincidence."""


class Recent:
    """How many of the last few answers were throttles."""

    def __init__(self) -> None:
        self._bits = 0

    def note(self, *, throttled: bool) -> None:
        """Note an answer."""
        self._bits = (self._bits << 1 | throttled) & _REMEMBERED

    @property
    def throttles(self) -> int:
        """The throttles among the last eight answers."""
        return self._bits.bit_count()


class RateMeter:
    """How many requests were answered within the last second, more or less, but for throttles."""

    def __init__(self) -> None:
        self._second = -math.inf
        self._now = 0
        self._before = 0

    def count(self, now: float) -> None:
        """Count an answer."""
        self._turn(now)
        self._now += 1

    def rate(self, now: float) -> float:
        """Return the rate a second; the second that has just begun counts in part."""
        self._turn(now)
        return self._before * (1 - (now - self._second)) + self._now

    def _turn(self, now: float) -> None:
        age = now - self._second
        if age >= 1:
            self._before = self._now if age < 2 else 0  # noqa: PLR2004 - the second before
            self._second = self._second + 1 if age < 2 else now  # noqa: PLR2004
            self._now = 0


class Pace:
    """The pause everybody keeps, and the rate: below a given one, or none until a real throttle.

    A throttle is real if the server says how long to wait, or if there are many of them: one that
    comes alone tells nothing of a rate. Where there are many and it does not say, we pause all the
    same: what has been too much just now still is.
    """

    def __init__(self, most: float | None = None) -> None:
        self._most = math.inf if most is None else most * KEPT
        self._cubic = CubicRate()
        self._meter = RateMeter()
        self._recent = Recent()
        self._paused_until = -math.inf
        self._own_pause = _PAUSE
        self._next = -math.inf

    @property
    def rate(self) -> float:
        """Requests a second; infinity while there is no limit."""
        return min(self._most, self._cubic.rate)

    def pause_left(self, now: float) -> float:
        """Return the seconds until the server wants to be asked again."""
        return max(0.0, self._paused_until - now)

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may leave."""
        return max(0.0, self._paused_until - now, self._next - now)

    def leave(self, now: float, *, late: float = 0) -> None:
        """Note that a request leaves now; `late` is by how many seconds a timer made it wait."""
        rate = self.rate
        if not math.isinf(rate):
            self._next = max(self._next, now - min(late, _CATCH_UP)) + 1 / rate

    def pause(self, now: float, seconds: float) -> None:
        """Keep the longest pause that anybody was asked for."""
        self._paused_until = max(self._paused_until, now + seconds)

    def answered(self, now: float, *, left: float = 1.0) -> None:
        """Note an answer that is no throttle; it may say what part of the limit is left."""
        self._recent.note(throttled=False)
        if now >= self._paused_until:
            self._own_pause = _PAUSE
        if left <= _SCARCE:
            self._cubic.hold(now)
        self._meter.count(now)
        if not math.isinf(self._cubic.rate):
            self._cubic.answered(now, measured=self._meter.rate(now))

    def throttled(self, now: float, *, sent: float, told: bool) -> None:
        """Note that a request was refused because there were too many.

        `sent` is when it was sent, `told` whether the server said how long to wait.
        """
        self._recent.note(throttled=True)
        if not told:
            if self._recent.throttles < _MANY:
                return
            self._pause_unasked(now, sent)
        self._cubic.throttled(
            now, sent=sent, measured=self._meter.rate(now), pause=self.pause_left(now)
        )

    def _pause_unasked(self, now: float, sent: float) -> None:
        if sent >= self._paused_until:  # else it had left before the pause
            self.pause(now, self._own_pause)
            self._own_pause = min(2 * self._own_pause, _LONGEST_PAUSE)
