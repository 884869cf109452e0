"""Whether a refusal means a limit, or nothing: told by what becomes of the others: pure."""

import math
from collections import deque
from collections.abc import Sequence

from currents_async._wire.rate_limits import Allowance

_LOOK = 1.5
"""Round trips to wait for the responses to what was in flight."""
_SHORTEST_LOOK = 0.02
_LONGEST_LOOK = 1.0
_FEW = 3
"""Refusals below which a majority of successes makes them strays."""
_RECENT = 3.0
_SOON = 4.0
_SOON_REQUESTS = 60
_IN_STEP = ((3, 0.12), (5, 0.3))
"""Lone refusals that mean a limit, and how far the requests between them may scatter."""
_IN_STEP_ALONE = ((2, 0.0), *_IN_STEP)
"""The same where no request was sent after the one that was refused, which could tell more."""
_IN_STEP_BESIDE_OTHERS = ((10, 0.25),)
"""The same where most of the others have passed, as they do beside a stray."""
_SHORTEST_PAUSE = 0.2
_MOST_PASSED = 2


class Group:
    """The refusals of requests that were in flight together."""

    def __init__(self, now: float, sent: float, latency: float, *, is_silent: bool) -> None:
        self.at: float = now
        """When the first of them came."""
        self.sent: float = sent
        """When the request was sent that was refused first."""
        self.until: float = now + min(max(_SHORTEST_LOOK, _LOOK * latency), _LONGEST_LOOK)
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
        are_few = self.refused < _FEW
        return self.refused == 1 or self.is_mostly_passed or (self.is_mixed and are_few)

    @property
    def is_mostly_passed(self) -> bool:
        """Whether so many have passed that the server lacks nothing."""
        return self.passed > _MOST_PASSED * self.refused


class Strays:
    """Refusals that came alone: they mean a limit only if they come in step, or one upon another.

    A stray says nothing of a rate: its pause is kept, and we go on as before.
    """

    def __init__(self, workers: int) -> None:
        self._few = workers + 4
        self._last: float | None = None
        self._accepted_then = 0
        self._numbers: deque[int] = deque(maxlen=_IN_STEP_BESIDE_OTHERS[-1][0])
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
        self._numbers.append(number)
        was_short, self._was_short = self._was_short, number <= self._few
        was_soon = limited_at is not None and (
            at - limited_at < _SOON or (had_one and (seconds < _RECENT or number < _SOON_REQUESTS))
        )
        if not group.is_mostly_passed and (was_soon or (was_short and self._was_short)):
            return True
        # Without a pause they come in step with what is sent, whatever they mean.
        return seconds - lasted > _SHORTEST_PAUSE and self._come_in_step(group)

    def _come_in_step(self, group: Group) -> bool:
        """Return whether about as many requests pass before each; strays scatter by their mean."""
        numbers = list(self._numbers)
        runs: tuple[tuple[int, float], ...] = _IN_STEP if group.passed else _IN_STEP_ALONE
        if group.is_mostly_passed:
            runs = _IN_STEP_BESIDE_OTHERS
        return any(
            len(numbers) >= count and _scatter_by(numbers[-count:], share) for count, share in runs
        )


def _scatter_by(numbers: Sequence[int], share: float) -> bool:
    """Return whether the standard deviation is at most a share of the mean."""
    # Not by `statistics`, which loads fractions and decimals.
    mean = sum(numbers) / len(numbers)
    return math.dist(numbers, [mean] * len(numbers)) <= share * mean * math.sqrt(len(numbers))
