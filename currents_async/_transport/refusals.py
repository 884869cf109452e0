"""Whether a refusal means a limit, or nothing: told by what becomes of the others: pure."""

import math
from collections import deque

from currents_async._wire.rate_limits import Allowance

_LOOK = 1.5
"""Round trips to wait for the responses to what was in flight."""
_SHORTEST_LOOK = 0.02
_FEW = 3
"""Refusals below which a majority of successes makes them strays."""
_RECENT = 3.0
_SOON = 4.0
_SOON_REQUESTS = 60
_STEADY = 3
"""Lone refusals whose distances must agree, to be taken for a limit."""
_SHORTEST_PAUSE = 0.2
_MOST_PASSED = 3
"""Successes per refusal above which the server does not lack anything."""
_ALIKE = 1.25


class Group:
    """The refusals of requests that were in flight together."""

    def __init__(self, now: float, sent: float, latency: float, *, is_silent: bool) -> None:
        self.at: float = now
        """When the first of them came."""
        self.sent: float = sent
        """When the request was sent that was refused first."""
        self.until: float = now + max(_SHORTEST_LOOK, _LOOK * latency)
        self.refused: int = 1
        self.passed: int = 0
        """Requests that were sent after it, and accepted."""
        self.is_silent: bool = is_silent
        """Whether none of them says how long to wait."""
        self.said: Allowance | None = None
        """The limit that the first of them was due to, if the server says one."""

    @property
    def is_mixed(self) -> bool:
        """Whether as many have passed as were refused."""
        return self.refused <= self.passed

    @property
    def is_lone(self) -> bool:
        """Whether it may be a stray: one of many, or the only one that we know of."""
        return self.refused == 1 or (self.is_mixed and self.refused < _FEW)


class Strays:
    """Refusals that came alone: they mean a limit only if they come in step, or one upon another.

    A stray says nothing of a rate: its pause is kept, and we go on as before.
    """

    def __init__(self, workers: int) -> None:
        self._few = workers + 4
        self._first: float | None = None
        self._last: float | None = None
        self._accepted_then = 0
        self._rates: deque[float] = deque(maxlen=_STEADY)
        self._was_short = False

    def mean_a_limit(
        self,
        group: Group,
        *,
        began: float,
        lasted: float,
        accepted: int,
        limited_at: float | None,
    ) -> bool:
        """Note a lone refusal, and return whether it is none any more.

        `accepted` counts all responses so far, of which the first request left at `began`; `lasted`
        is how long requests have been sent since the pause before; `limited_at` is when a limit was
        met last, if one is known.
        """
        at = group.at
        number = accepted - self._accepted_then
        seconds = at - (began if self._last is None else self._last)
        had_one = self._last is not None
        self._last, self._accepted_then = at, accepted
        self._rates.append(number / seconds if seconds > 0 else math.inf)
        was_short, self._was_short = self._was_short, number <= self._few
        if limited_at is not None and (
            at - limited_at < _SOON or (had_one and (seconds < _RECENT or number < _SOON_REQUESTS))
        ):
            return True
        if was_short and self._was_short and group.passed <= _MOST_PASSED * group.refused:
            return True
        # Without a pause they come in step with what is sent, whatever they mean.
        was_paused = seconds - lasted > _SHORTEST_PAUSE
        is_steady = max(self._rates) < _ALIKE * min(self._rates)
        return was_paused and is_steady and len(self._rates) == _STEADY
