"""When the next request may leave: pure, told the time and asked for a delay."""

import math

_CATCH_UP = 0.05
"""Seconds of lateness that are made up for: timers never fire early."""

_CUT = 0.7
"""What a throttle leaves of the rate."""
_GROWTH = 0.4
_LOWEST = 1.0
"""Requests a second that are always tried."""

_SCARCE = 0.08
"""A share of a window that is hardly anything: making up for late timers may take most of it."""
_HELD = 1.5
"""Seconds for which a rate is held that leaves hardly anything: windows are seldom shorter."""

_REMEMBERED = 0xFF
_MANY = 4
"""Throttles among the last eight answers that are no coincidence."""


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


class CubicRate:
    """A rate found out by trial: cut when throttled, then grown back slowly near where it hurt.

    The curve is that of TCP CUBIC: steep far from the rate that was too much, flat around it, and
    steep again beyond, where there may be more to have. Where the server says that there is hardly
    anything left, it is not tried: each throttle costs a pause.
    """

    def __init__(self) -> None:
        self.rate = math.inf
        self._too_much = 0.0
        self._cut_at = -math.inf
        self._grows_from = 0.0
        self._until_back = 0.0
        self._answered_at = -math.inf
        self._held_until = -math.inf

    def throttled(self, now: float, *, sent: float, measured: float, pause: float) -> None:
        """Cut the rate; throttles of requests sent before the last cut are old news."""
        if sent <= self._cut_at:
            return
        self._too_much = max(min(self.rate, measured), _LOWEST)
        self.rate = max(self._too_much * _CUT, _LOWEST)
        self._until_back = (self._too_much * (1 - _CUT) / _GROWTH) ** (1 / 3)
        self._cut_at = now
        self._grows_from = now + pause

    def answered(self, now: float, *, measured: float) -> None:
        """Grow the rate back, by the time since the cut; never far beyond what was measured."""
        if math.isinf(self.rate):
            return
        held = min(now, self._held_until) - max(self._answered_at, self._grows_from)
        self._grows_from += max(0.0, held)
        self._answered_at = now
        since = max(0.0, now - self._grows_from)
        grown = self._too_much + _GROWTH * (since - self._until_back) ** 3
        self.rate = max(self.rate, min(grown, max(2 * measured, self._too_much)))

    def hold(self, now: float) -> None:
        """Stop growing for a while; what was sent before a cut has no say in it."""
        if now >= self._grows_from:
            self._held_until = now + _HELD


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


class Pace:
    """The pause everybody keeps, and the rate: a fixed one, or none until a real throttle.

    A throttle is real if the server says how long to wait, or if there are many of them: one that
    comes alone tells nothing of a rate.
    """

    def __init__(self, fixed: float | None = None) -> None:
        self._fixed = fixed
        self._cubic = CubicRate()
        self._meter = RateMeter()
        self._recent = Recent()
        self._paused_until = -math.inf
        self._next = -math.inf

    @property
    def rate(self) -> float:
        """Requests a second; infinity while there is no limit."""
        return self._cubic.rate if self._fixed is None else self._fixed

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
        if left <= _SCARCE:
            self._cubic.hold(now)
        self._meter.count(now)
        self._cubic.answered(now, measured=self._meter.rate(now))

    def throttled(self, now: float, *, sent: float, told: bool) -> None:
        """Note that a request was refused because there were too many.

        `sent` is when it was sent, `told` whether the server said how long to wait.
        """
        self._recent.note(throttled=True)
        if not told and self._recent.throttles < _MANY:
            return
        self._cubic.throttled(
            now, sent=sent, measured=self._meter.rate(now), pause=self.pause_left(now)
        )
