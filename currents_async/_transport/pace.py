"""When the next request may leave: pure, with the time passed in."""

import math

from currents_async._transport.cubic import KEPT, CubicRate

_CATCH_UP = 0.02
"""Seconds of delay that are made up for: timers never fire early."""

_SCARCE = 0.08
"""A share of a window so small that making up for late timers may take most of it."""

_PAUSE = 1.0
"""Seconds to pause if the server does not say; doubled after each pause that was too short."""
_MAX_PAUSE = 8.0

_LAST_EIGHT = 0xFF
_MANY = 4
"""Throttles among the last eight responses that are no coincidence."""


class Recent:
    """How many of the last eight responses were throttles."""

    def __init__(self) -> None:
        self._bits = 0

    def note(self, *, throttled: bool) -> None:
        """Note a response."""
        self._bits = (self._bits << 1 | throttled) & _LAST_EIGHT

    @property
    def throttles(self) -> int:
        """The throttles among the last eight responses."""
        return self._bits.bit_count()


class RateMeter:
    """About how many responses, throttles excepted, came within the last second."""

    def __init__(self) -> None:
        self._second = -math.inf
        self._now = 0
        self._before = 0

    def count(self, now: float) -> None:
        """Count a response."""
        self._advance(now)
        self._now += 1

    def rate(self, now: float) -> float:
        """Return the rate per second; a second that has begun is filled up from the one before."""
        self._advance(now)
        return self._before * (1 - (now - self._second)) + self._now

    def _advance(self, now: float) -> None:
        age = now - self._second
        if age >= 1:
            self._before = self._now if age < 2 else 0  # noqa: PLR2004 - the second before
            self._second = self._second + 1 if age < 2 else now  # noqa: PLR2004
            self._now = 0


class Pace:
    """The pause that all requests keep, and the rate: a given one, or unlimited until a throttle.

    A throttle counts if the server says how long to wait, or if there are many of them: a single
    one says nothing about a rate. If there are many and it does not say, we pause all the same: the
    rate that was too high still is.
    """

    def __init__(self, max_rate: float | None = None) -> None:
        self._max_rate = math.inf if max_rate is None else max_rate * KEPT
        self._cubic = CubicRate()
        self._meter = RateMeter()
        self._recent = Recent()
        self._paused_until = -math.inf
        self._own_pause = _PAUSE
        self._next = -math.inf

    @property
    def rate(self) -> float:
        """Requests per second; infinity while there is no limit."""
        return min(self._max_rate, self._cubic.rate)

    def pause_left(self, now: float) -> float:
        """Return the seconds until the end of the pause that the server asked for."""
        return max(0.0, self._paused_until - now)

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may leave."""
        return max(0.0, self._paused_until - now, self._next - now)

    def leave(self, now: float, *, late: float = 0) -> None:
        """Note that a request leaves now; `late` is by how many seconds a timer has delayed it."""
        rate = self.rate
        if not math.isinf(rate):
            self._next = max(self._next, now - min(late, _CATCH_UP)) + 1 / rate

    def pause(self, now: float, seconds: float) -> None:
        """Pause; the pause that ends last counts."""
        self._paused_until = max(self._paused_until, now + seconds)

    def accepted(self, now: float, *, left: float = 1.0) -> None:
        """Note a response that is not a throttle; it may say what share of the limit is left."""
        self._recent.note(throttled=False)
        if now >= self._paused_until:
            self._own_pause = _PAUSE
        if left <= _SCARCE:
            self._cubic.hold(now)
        self._meter.count(now)
        if not math.isinf(self._cubic.rate):
            self._cubic.accepted(now, measured=self._meter.rate(now))

    def throttled(self, now: float, *, sent: float, wait_given: bool) -> None:
        """Note that a request was refused for its rate.

        `sent` is when it was sent, `wait_given` whether the server said how long to wait.
        """
        self._recent.note(throttled=True)
        if not wait_given:
            if self._recent.throttles < _MANY:
                return
            self._pause_unasked(now, sent)
        self._cubic.throttled(
            now, sent=sent, measured=self._meter.rate(now), pause=self.pause_left(now)
        )

    def _pause_unasked(self, now: float, sent: float) -> None:
        if sent >= self._paused_until:  # earlier ones had left before the pause began
            self.pause(now, self._own_pause)
            self._own_pause = min(2 * self._own_pause, _MAX_PAUSE)
