"""The retries of one call: how many there may be, what they cost, and how long to wait."""

from currents_async._config import Retries
from currents_async._transport.channel import Channel
from currents_async._transport.gate import MAX_PAUSE, NOTHING_HEEDED, Heeded
from currents_async._transport.retry import RetryDecision, backoff
from currents_async.errors import APIError, CurrentsError, RateLimitedError

_MAX_IN_VAIN = 30
"""Refusals of one call in a row while the server accepted nothing from any: it has stopped."""
_MAX_OVERLOADS = 12
"""Failures of one call that seemed to mean overload: it may be its resource that fails."""

_MAX_BACKOFF = 0.25
"""Seconds after a refusal that says nothing and for which the gate does not pause."""


class RetryState:
    """Decides about the next attempt of a call that has failed, and pays for it."""

    def __init__(self, channel: Channel, retries: Retries) -> None:
        self._channel = channel
        self._attempts = retries.attempts
        self._retries_of: dict[RetryDecision, int] = {}
        self._throttles = 0
        self._in_vain = 0
        self._overloads = 0
        self._excused = 0
        self._accepted = -1
        self.taken: int = 0
        """What the retries so far have cost."""

    def delay(
        self,
        error: CurrentsError,
        decision: RetryDecision,
        *,
        tried: int,
        ends_at: float,
        at_least: float = 0,
        heeded: Heeded = NOTHING_HEEDED,
    ) -> float | None:
        """Return the seconds to wait, or None if there must be no other attempt.

        `tried` is how many attempts there have been; the next one comes at least `at_least`
        seconds from now, and by `ends_at`. What the server asks for comes before backoff. `heeded`
        is what the last response meant: attempts that were refused for load do not count.
        """
        if decision in {RetryDecision.GIVE_UP, RetryDecision.AMBIGUOUS}:
            return None
        left = ends_at - self._channel.clock.now()
        if heeded.is_throttle:
            return self._after_throttle(error, at_least, left)
        is_excused = self._excused < heeded.excused
        self._excused += is_excused
        if self._attempts == 1 or tried - self._throttles - self._excused >= self._attempts:
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        # Counted by kind: the first throttle is a first one, whatever else has failed before.
        retry = self._retries_of[decision] = self._retries_of.get(decision, 0) + 1
        jittered = backoff(decision, retry, self._channel.clock.random())
        delay = jittered if asked is None else asked
        if _is_too_late(max(delay, at_least), left):
            return None
        cost = RetryDecision.RETRY_THROTTLED if is_excused else decision
        taken = self._channel.quota.take(cost)
        self.taken += taken
        return delay if taken else None

    def _after_throttle(self, error: CurrentsError, at_least: float, left: float) -> float | None:
        """Return the seconds to wait after a refusal that was not the request's fault, or None.

        It counts as no attempt: the gate holds the next one back until there is room for it, so
        that only what seems to be refused by chance has a backoff. There is no other attempt
        if retries are off, if the pause is too long, or if the server has refused this call many
        times while it accepted nothing else.
        """
        accepted = self._channel.gate.accepted_so_far
        self._throttles += 1
        self._in_vain = self._in_vain + 1 if accepted == self._accepted else 0
        self._accepted = accepted
        self._overloads += not isinstance(error, RateLimitedError)
        asked = error.retry_after if isinstance(error, APIError) else None
        is_alone = asked is None and not (self._in_vain and at_least)
        delay = _MAX_BACKOFF * self._channel.clock.random() if is_alone else 0.0
        if (
            self._attempts == 1
            or self._in_vain >= _MAX_IN_VAIN
            or self._overloads >= _MAX_OVERLOADS
            or _is_too_late(max(delay, at_least, asked or 0), left)
        ):
            return None
        return delay


def _is_too_late(delay: float, left: float) -> bool:
    return delay > MAX_PAUSE or delay >= left
