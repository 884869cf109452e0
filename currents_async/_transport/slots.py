"""How many requests the server bears at once, found by additive increase: pure."""

import math
from enum import Enum, auto

_PROOF = 5
"""Successes per slot after which a number of slots is believed."""
_INCREASE = 40
"""Successes per slot after which one more is tried."""
_CUT = 0.8


class _State(Enum):
    OFF = auto()
    TRIAL = auto()
    FOUND = auto()


class Slots:
    """The requests that may be in flight at once.

    A server that limits these, and not their rate, lets all pass that arrive within one round trip
    up to a number, and seldom says how long to wait: it does not know.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._state = _State.OFF
        self._successes = 0
        self.limit: float = math.inf

    @property
    def are_limited(self) -> bool:
        """Whether a number was found, or is being tried."""
        return self._state is not _State.OFF

    def try_out(self, number: int) -> bool:
        """Go on with a number of slots, if that is fewer than there are workers."""
        if not 0 < number <= self._workers:
            return False
        self._state = _State.TRIAL
        self._set(number)
        return True

    def accepted(self) -> None:
        """Note a response that is not a refusal."""
        self._successes += 1
        if self._state is _State.TRIAL and self._successes >= _PROOF * self.limit:
            self._state = _State.FOUND
        if self._successes >= _INCREASE * self.limit:
            self._set(self.limit + 1)
        if self.limit > self._workers:
            self.give_up()

    def refused(self, *, mixed: bool) -> bool:
        """Cut the number; return False if it was none: the server has refused even fewer.

        `mixed` is whether most of the requests that were in flight have passed.
        """
        if self._state is _State.TRIAL and not mixed:
            self.give_up()
            return False
        self._set(max(1, int(self.limit * _CUT)))
        return True

    def give_up(self) -> None:
        """Let any number of requests be in flight."""
        self._state = _State.OFF
        self.limit = math.inf

    def _set(self, limit: float) -> None:
        self.limit = limit
        self._successes = 0
