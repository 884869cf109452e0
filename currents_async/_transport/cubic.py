"""The rate that a server allows, found by trial: pure, with the time passed in.

As in TCP CUBIC (RFC 9438): at `t` seconds after a cut to `beta * w_max` the rate is
`plateau + C * (t - K)**3`, where K is the time that it takes to be back at the plateau.
"""

import math

LOWEST_RATE = 1.0
"""Requests per second that are always tried."""
KEPT = 0.96
"""The share of a known limit that is used: requests arrive less evenly than they leave."""

_BETA = 0.8
"""What a throttle leaves of the rate, if its limit was not known."""
_BETA_KNOWN = 0.9
"""What it leaves of a limit that was met before."""
_NEAR = 0.12
"""How far apart two throttles of the same limit may be: it is measured across its windows."""
_C = 0.4

_PROBE_AFTER = 20.0
"""Seconds on the plateau before more is tried; doubled after each try in vain."""
_MAX_PROBE_AFTER = 320.0
_HELD = 1.5
"""Seconds without a try once hardly anything is left: windows are seldom shorter."""


class CubicRate:
    """Cut when throttled, then grown back to a plateau a little below what was too much.

    The curve is steep far from the plateau and flat around it, with a stop in the middle: limits
    seldom change, and trying for more costs a pause. So more is tried only after a while without
    throttles, which is longer the more often it was tried in vain, and never while the server says
    that there is hardly anything left.
    """

    def __init__(self) -> None:
        self.rate = math.inf
        self._plateau = math.inf
        """What it grows back to."""
        self._w_max = 0.0
        """What was too much when it was cut last."""
        self._previous_w_max = 0.0
        self._rate_before_cut = math.inf
        self._is_tested = True
        """Whether a response has come since the pause after the last cut."""
        self._cut_at = -math.inf
        self._resumes_at = -math.inf
        self._plateau_at = -math.inf
        self._probes_at = -math.inf
        self._probe_after = _PROBE_AFTER

    def throttled(self, now: float, *, sent: float, measured: float, pause: float) -> None:
        """Cut the rate, unless the request was sent before the last cut."""
        if sent <= self._cut_at:
            return
        self._cut_at = now
        self._resumes_at = now + pause
        if not self._is_tested:
            # No response has come since the last cut: there is no rate to learn from.
            self._fall_to(self.rate * _BETA)
            return
        probed = self._plateau < self.rate < math.inf
        self._probe_after = min(2 * self._probe_after, _MAX_PROBE_AFTER) if probed else _PROBE_AFTER
        self._is_tested = False
        self._rate_before_cut = self.rate
        self._previous_w_max, self._w_max = self._w_max, 0.0
        self._learn(measured)

    def accepted(self, now: float, *, measured: float) -> None:
        """Grow the rate back, by the time since the cut; never far beyond what was measured."""
        if math.isinf(self.rate):
            return
        if now < self._resumes_at:
            # Requests that had left before the cut: more was possible than had been measured.
            self._learn(measured)
            return
        self._is_tested = True
        is_below = now < self._plateau_at
        since = now - self._plateau_at if is_below else max(0.0, now - self._probes_at)
        grown = self._plateau + _C * since**3
        self.rate = max(self.rate, min(grown, max(2 * measured, self._plateau)))

    def hold(self, now: float) -> None:
        """Do not try for more for a while."""
        self._probes_at = max(self._probes_at, now + _HELD)

    def _learn(self, measured: float) -> None:
        w_max = max(min(self._rate_before_cut, measured), LOWEST_RATE)
        previous = self._previous_w_max
        if is_known := previous * (1 - _NEAR) <= w_max <= previous * (1 + _NEAR):
            w_max = min(w_max, previous)
        if w_max > self._w_max:
            self._w_max = w_max
            self._plateau = max(w_max * KEPT, LOWEST_RATE)
            self._fall_to(w_max * (_BETA_KNOWN if is_known else _BETA))

    def _fall_to(self, rate: float) -> None:
        self.rate = max(rate, LOWEST_RATE)
        k = ((self._plateau - self.rate) / _C) ** (1 / 3)
        self._plateau_at = self._resumes_at + k
        self._probes_at = self._plateau_at + self._probe_after
