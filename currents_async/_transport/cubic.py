"""The rate a server allows, found out by trial: pure, told the time."""

import math

LOWEST_RATE = 1.0
"""Requests a second that are always tried."""
KEPT = 0.96
"""The part of a known limit that is used: requests arrive less evenly than they leave."""

_CUT = 0.8
"""What a throttle leaves of a rate that nothing was known of."""
_CUT_AGAIN = 0.9
"""What it leaves where there was a throttle before."""
_NEAR = 0.12
"""How far apart two throttles of the same limit may be: it is measured across its windows."""
_GROWTH = 0.4

_PATIENCE = 20.0
"""Seconds without a try for more; each try in vain doubles them."""
_MOST_PATIENCE = 320.0
_HELD = 1.5
"""Seconds without a try once hardly anything is left: windows are seldom shorter."""


class CubicRate:
    """Cut when throttled, then grown back to a little below what was too much.

    The curve is that of TCP CUBIC, steep far from there and flat around it, but for a stop in the
    middle: limits seldom change, and to try for more costs a pause. So more is tried only after a
    while without throttles, the longer the more often it was tried in vain, and never while the
    server says that there is hardly anything left.
    """

    def __init__(self) -> None:
        self.rate = math.inf
        self._level = math.inf
        """What it grows back to."""
        self._too_much = 0.0
        self._known = 0.0
        """What was too much before that."""
        self._uncut = math.inf
        self._is_tested = True
        self._cut_at = -math.inf
        self._resumes_at = -math.inf
        self._back_at = -math.inf
        self._tries_at = -math.inf
        self._patience = _PATIENCE

    def throttled(self, now: float, *, sent: float, measured: float, pause: float) -> None:
        """Cut the rate; throttles of requests sent before the last cut are old news."""
        if sent <= self._cut_at:
            return
        self._cut_at = now
        self._resumes_at = now + pause
        if not self._is_tested:
            # Nothing has been answered since the last cut: there is no rate to learn from.
            self._fall_to(self.rate * _CUT)
            return
        tried = self._level < self.rate < math.inf
        self._patience = min(2 * self._patience, _MOST_PATIENCE) if tried else _PATIENCE
        self._is_tested = False
        self._uncut = self.rate
        self._known, self._too_much = self._too_much, 0.0
        self._learn(measured)

    def answered(self, now: float, *, measured: float) -> None:
        """Grow the rate back, by the time since the cut; never far beyond what was measured."""
        if math.isinf(self.rate):
            return
        if now < self._resumes_at:
            # Requests that had left before the cut: more was possible than had been measured.
            self._learn(measured)
            return
        self._is_tested = True
        since = now - self._back_at if now < self._back_at else max(0.0, now - self._tries_at)
        grown = self._level + _GROWTH * since**3
        self.rate = max(self.rate, min(grown, max(2 * measured, self._level)))

    def hold(self, now: float) -> None:
        """Do not try for more for a while."""
        self._tries_at = max(self._tries_at, now + _HELD)

    def _learn(self, measured: float) -> None:
        too_much = max(min(self._uncut, measured), LOWEST_RATE)
        if is_known := self._known * (1 - _NEAR) <= too_much <= self._known * (1 + _NEAR):
            too_much = min(too_much, self._known)
        if too_much > self._too_much:
            self._too_much = too_much
            self._level = max(too_much * KEPT, LOWEST_RATE)
            self._fall_to(too_much * (_CUT_AGAIN if is_known else _CUT))

    def _fall_to(self, rate: float) -> None:
        self.rate = max(rate, LOWEST_RATE)
        self._back_at = self._resumes_at + ((self._level - self.rate) / _GROWTH) ** (1 / 3)
        self._tries_at = self._back_at + self._patience
