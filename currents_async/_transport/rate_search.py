"""The rate that a server allows, found by trial: pure, with the time passed in.

The first time the server has had enough, all that is known is how much it let pass. We go on with
that a second, and double it quickly (slow start, as TCP has it) until the server has had enough
again: from then on there are two such moments, and what lay between them tells the rate.

The second one cannot be spared. A window of a second, and a bucket of the same size that is
refilled faster, let the same pass until more than that is sent in a second. Behind the bucket more
has to be tried within seconds, or a job of ten takes a quarter longer; behind the window the try
costs up to two seconds, as waits are rounded up to whole ones.

It also shows the window. If as many have passed again, though more slowly, it is one of so many,
and each is filled at once from then on: a request leaves a second after the one that is so many
before it, and a little more, as some travel faster. Sent evenly, the last would take a second.
"""

import math
from enum import Enum, auto

from currents_async._transport.cycle import Bounds, Dry

LOWEST_RATE = 1.0
"""Requests per second that are always tried."""
HIGHEST_RATE = 1e5
"""Requests per second beyond which there is no limit to speak of."""
KEPT = 0.96
"""The share of a known limit that is used: requests arrive less evenly than they leave."""

MAX_BATCH = 512
"""Requests of a window that are sent at once; those of a larger one leave evenly."""

LONG_PAUSE = 2.2
"""Seconds of a pause that no rate calls for, but the rest of a window."""

_LEAST_KEPT = 0.85
_KEPT_OF_FOUND = 0.98
_KEPT_OF_TOLD = 0.98
_LEAST_OF_TOLD = 0.7
_NEARLY_A_SECOND = 0.8
"""Seconds in which a limit was used up that allows hardly less than the client can send: so no more
is tried, as that might cost a pause."""
_DOUBLING = 0.25
"""Seconds in which the rate doubles while it is searched for; at least two round trips."""
_DOUBLING_OF_PROBES = 0.5
_GROWTH = 40.0
"""Requests per second that a try for more adds within its first second, whatever the rate: so
clients that share a limit come to the same rate."""
_PROBE_AFTER = 9.2
"""Seconds at a rate before more is tried, so that a new limit is in use within ten; doubled after
each try in vain, since that costs a pause."""
_PROBE_SOON = 4.0
"""The same where a pause costs nothing, because a bucket fills up meanwhile."""
_PROBE_UNSURE = 2.0
"""The same where the rate is a guess."""
_MAX_PROBE_AFTER = 320.0
_NEAR = 0.15
"""How far apart two measurements of the same limit may be."""
_A_WHILE = 3.0
"""Seconds of a cycle that measure a rate well."""
_A_SHORT_WHILE = 2.0
_CREDIT = 0.8
"""The share of what a bucket must hold after a pause that is sent at once."""
_SOON = 1.0
"""Seconds within which a refusal is due to what was sent at once."""
_SMALL_BURST = 5
_CUT = 0.75
_LEAST_OF_LEVEL = 0.5
"""The share of a rate below which two cycles in a row refute it."""
_RECOVERY = 2.0
"""Seconds in which the rate doubles back to the level after a cut that nothing but a refusal
speaks for."""


class Phase(Enum):
    """How much is known about the rate."""

    UNLIMITED = auto()
    SEARCH = auto()
    FOUND = auto()
    TOLD = auto()
    """The server has said it."""


_KNOWN = {Phase.FOUND, Phase.TOLD}


class RateSearch:
    """The rate in use, and how many requests may leave at once after a pause."""

    def __init__(self) -> None:
        self.phase: Phase = Phase.UNLIMITED
        self.rate: float = math.inf
        """Requests per second."""
        self.credit: float = 0.0
        """Requests that may leave ahead of the rate, because a bucket must hold as many."""
        self.batch: int = 1
        """Requests that may leave at once, each of them a second after the one so many before it:
        all that a window takes, if that is known."""
        self._level = math.inf
        """The rate that is known to be possible; more is being tried while `rate` is above it."""
        self._since = 0.0
        """When this phase, or this level, began."""
        self._doubling = _DOUBLING
        self._probes_at = math.inf
        self._probe_after = _PROBE_AFTER
        self._burst = 0.0
        """What the server let pass before it had enough for the first time."""
        self._burst_lasted = 0.0
        self._passed = 0
        """The burst, and what has overtaken the request that was refused."""
        self._is_window = False
        """Whether the server counts by the second, and a pause leaves nothing to catch up with."""
        self._last_low = 0.0
        self._credit_share = _CREDIT
        self._kept_of_told = _KEPT_OF_TOLD
        self._told = 0, 0.0, 0.0
        """Limit, seconds, and the rate that follows."""

    @property
    def is_trying(self) -> bool:
        """Whether the rate is above what is known to be possible, so that refusals are no news."""
        return self.phase is Phase.SEARCH or self.rate > self._level * 1.001

    @property
    def is_known(self) -> bool:
        """Whether a limit was found, or was told."""
        return self.phase in _KNOWN

    @property
    def is_over(self) -> bool:
        """Whether the rate has grown so far without a refusal that the limit must be gone."""
        return HIGHEST_RATE < self.rate < math.inf

    def idle(self, seconds: float) -> None:
        """Note that for a time less was sent than may be: that proves nothing."""
        if seconds > 0:
            self._since += seconds
            self._probes_at += seconds

    def grow(self, now: float) -> None:
        """Let the rate grow with time."""
        rate, level = self.rate, self._level
        match self.phase:
            case Phase.SEARCH:
                rate = level * _doubled(now - self._since, self._doubling)
            case Phase.FOUND if rate < level:
                rate = min(level, _CUT * level * _doubled(now - self._since, _RECOVERY))
            case Phase.FOUND if now > self._probes_at:
                since = now - self._probes_at
                rate = min(level * _doubled(since, _DOUBLING_OF_PROBES), level + _GROWTH * since**3)
            case _:
                return
        self.rate = max(self.rate, rate)

    def begin(self, dry: Dry) -> None:
        """Note how much the server let pass before it had enough for the first time."""
        self._burst = dry.accepted
        self._burst_lasted = max(0.0, dry.lasted - dry.latency)
        self._passed = dry.passed

    def limited(self, dry: Dry) -> None:
        """Choose the rate to go on with after a pause."""
        is_first = not self._burst
        if is_first:
            self.begin(dry)
            self._is_window = _counts_by_second(dry)
        if dry.told is not None and dry.told.per:
            self._keep_told(dry, dry.told.limit, dry.told.per)
        elif is_first and self._is_window:
            self._fill_windows(dry, dry.passed)
        elif is_first and dry.pause > self._burst_lasted >= _NEARLY_A_SECOND:
            self._settle(dry, dry.accepted / max(1.0, dry.lasted))
            self.credit = 0.0
        elif is_first or self.phase is Phase.UNLIMITED:
            self._search(dry)
        else:
            self._measure(dry)

    def _keep_told(self, dry: Dry, limit: int, per: float) -> None:
        if self.phase is Phase.TOLD:
            self._kept_of_told = max(_LEAST_OF_TOLD, self._kept_of_told * KEPT)
        self._is_window = per < LONG_PAUSE
        if self._told[:2] != (limit, per):
            self._told = limit, per, _refined(dry, limit, per)
        self._settle(dry, self._told[2], kept=self._kept_of_told)
        self.phase = Phase.TOLD

    def _search(self, dry: Dry) -> None:
        self.phase = Phase.SEARCH
        span = max(1.0, self._burst_lasted + dry.pause - 1)
        told = dry.told.limit / max(1.0, dry.told.reset) if dry.told is not None else 0.0
        self.rate = self._level = max(self._burst / span, told, LOWEST_RATE)
        self._since = dry.resumes
        self._doubling = max(_DOUBLING, 2 * dry.latency)

    def _measure(self, dry: Dry) -> None:
        seen = dry.bounds(self.rate, burst=self._burst)
        agrees = not self._last_low or _are_near(seen.low, self._last_low)
        self._last_low = seen.low
        if self.phase is Phase.SEARCH:
            self._end_search(dry, seen)
            return
        tried, level = self.is_trying, self._level / _KEPT_OF_FOUND
        in_vain = tried and seen.low < 1.3 * level
        self._probe_after = (
            min(2 * self._probe_after, _MAX_PROBE_AFTER) if in_vain else _PROBE_AFTER
        )
        if self._is_window:
            self._measure_window(dry, seen, level, tried=tried, in_vain=in_vain)
        elif not tried:
            self._cut(dry, seen, level, agrees=agrees)
        else:
            self._settle(dry, _end_of_probe(dry, seen, level, agrees=agrees))

    def _end_search(self, dry: Dry, seen: Bounds) -> None:
        if self._fills_a_window(dry, seen):
            self._is_window = True
            if self._is_window_again(dry):
                self._fill_windows(dry, dry.passed)
                return
            is_same = _are_near(seen.last_second, self._burst)
            self._settle(dry, max(seen.low, seen.last_second if is_same else self._burst))
        elif seen.are_close:
            self._settle(dry, min(seen.low, seen.was))
        else:
            # What it began with is as good a guess: it may have been the limit of a second.
            self._guess(dry, max(seen.middle, min(self._level, seen.high)))

    def _fills_a_window(self, dry: Dry, seen: Bounds) -> bool:
        """Return whether a window of a second has let as much pass as the first time.

        It is more if one began meanwhile by the clock, but less than a full bucket lets pass.
        """
        least, most = (1 - _NEAR) * self._burst, (1 + dry.lasted) * self._burst
        return least <= seen.last_second and dry.accepted <= most and dry.lasted < _A_WHILE

    def _is_window_again(self, dry: Dry) -> bool:
        """Return whether as many passed as before, while a bucket would have let pass more."""
        longer = dry.lasted - dry.latency - self._burst_lasted
        return dry.passed == self._passed and dry.lasted < 1 and longer * self._passed >= 1

    def _measure_window(
        self, dry: Dry, seen: Bounds, level: float, *, tried: bool, in_vain: bool
    ) -> None:
        if in_vain and self.batch > 1:
            self._fill_windows(dry, self.batch)
        elif in_vain:
            # Any second may hold one more than a window, at its edge.
            self._settle(dry, max(level, min(seen.last_second - 1, seen.was)))
        elif tried:
            self._settle(dry, math.sqrt(max(seen.low, level) * seen.was))
        elif seen.mean < 0.6 * level:
            self._guess(dry, math.sqrt(seen.low * seen.was))
        else:
            self._settle(dry, 0.92 * level)

    def _cut(self, dry: Dry, seen: Bounds, level: float, *, agrees: bool) -> None:
        """Give up a part of a rate that was possible so far."""
        if agrees and seen.low < _LEAST_OF_LEVEL * level:
            # Twice in a row so much less was accepted that it never was possible.
            self._settle(dry, seen.low)
        elif self.credit >= 1 and dry.lasted < _SOON:
            self._credit_share /= 2
            self._settle(dry, 0.97 * level)
        elif dry.lasted >= max(0.3, 2 * dry.latency):
            self._settle(dry, min(0.95 * level, max(seen.low, 0.8 * level)))
        else:
            self._settle(dry, 0.95 * level)
            self.rate = _CUT * self._level

    def _guess(self, dry: Dry, limit: float) -> None:
        self._settle(dry, limit)
        self.credit = 0.0
        self._probes_at = dry.resumes + _PROBE_UNSURE

    def _fill_windows(self, dry: Dry, size: int) -> None:
        """Go on with windows of a second, of which each is filled as soon as it must have begun."""
        self._settle(dry, size, kept=1 - dry.jitter)
        if size <= MAX_BATCH:
            self.batch = size

    def _settle(self, dry: Dry, limit: float, *, kept: float = _KEPT_OF_FOUND) -> None:
        """Go on with a limit that was measured."""
        self.phase = Phase.FOUND
        self.batch = 1
        limit = max(limit, LOWEST_RATE)
        if self._is_window:
            # As many requests more may fall into a window as arrive early.
            kept = max(_LEAST_KEPT, kept - 2 * dry.jitter)
        self.rate = self._level = limit * kept
        self._since = dry.resumes
        self._probes_at = dry.resumes + self._probe_after
        burst = max(0.0, self._burst - limit * self._burst_lasted)
        refilled = limit * dry.pause
        is_bucket = not self._is_window and burst >= _SMALL_BURST
        self.credit = self._credit_share * min(burst, refilled) if is_bucket else 0.0
        if self.credit >= 0.7 * refilled and self._probe_after == _PROBE_AFTER:
            self._probes_at = dry.resumes + _PROBE_SOON


def _end_of_probe(dry: Dry, seen: Bounds, level: float, *, agrees: bool) -> float:
    """Return the limit that a try for more has shown."""
    is_long = dry.lasted > _A_SHORT_WHILE
    last_second = min(seen.last_second, seen.was)
    if is_long and seen.low < 1.1 * level and last_second > 1.05 * level:
        # Little was accepted in all because little was sent; in the end it was more.
        return max(seen.low, math.sqrt(level * last_second))
    if is_long and not agrees:
        return min(seen.was, max(seen.by_bucket, seen.mean))
    if dry.lasted >= _A_WHILE or seen.are_close:
        return min(seen.low, seen.was)
    return seen.middle


def _refined(dry: Dry, limit: int, per: float) -> float:
    """Return the rate of a limit in so many seconds, which may have been rounded up to whole ones.

    If more than the limit was accepted at once, it is a bucket, and the rest is what was refilled.
    """
    seconds = dry.lasted - dry.latency
    refilled = (dry.accepted - limit) / seconds if dry.accepted > limit + 1 and seconds > 0 else 0.0
    most = limit / (per - 1) if per > 1 else limit / per
    return min(max(limit / per, refilled), most)


def _counts_by_second(dry: Dry) -> bool:
    """Return whether the server let pass just what it said, where a bucket would have refilled."""
    told = dry.told
    return (
        told is not None
        and abs(dry.accepted - told.limit) <= max(1, 0.02 * dry.accepted)
        and dry.lasted >= _DOUBLING
        and dry.pause < LONG_PAUSE
    )


def _doubled(seconds: float, doubling: float) -> float:
    return math.exp2(min(40.0, max(0.0, seconds) / doubling))


def _are_near(one: float, other: float) -> bool:
    return (1 - _NEAR) * other <= one <= (1 + _NEAR) * other
