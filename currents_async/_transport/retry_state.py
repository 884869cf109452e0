"""The retries of one call: how many there may be, what they cost, and how long to wait."""

from currents_async._config import Retries
from currents_async._transport.channel import Channel
from currents_async._transport.gate import MAX_PAUSE
from currents_async._transport.retry import RetryDecision, backoff
from currents_async.errors import APIError, CurrentsError


class RetryState:
    """Decides about the next attempt of a call that has failed, and pays for it."""

    def __init__(self, channel: Channel, retries: Retries) -> None:
        self._channel = channel
        self._attempts = retries.attempts
        self._retries_of: dict[RetryDecision, int] = {}
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
    ) -> float | None:
        """Return the seconds to wait, or None if there must be no other attempt.

        `tried` is how many attempts there have been; the next one comes at least `at_least`
        seconds from now, and by `ends_at`. What the server asks for comes before backoff.
        """
        if decision in {RetryDecision.GIVE_UP, RetryDecision.AMBIGUOUS} or tried >= self._attempts:
            return None
        clock, quota = self._channel.clock, self._channel.quota
        asked = error.retry_after if isinstance(error, APIError) else None
        # Counted by kind: the first throttle is a first one, whatever else has failed before.
        retry = self._retries_of[decision] = self._retries_of.get(decision, 0) + 1
        jittered = backoff(decision, retry, clock.random())
        delay = jittered if asked is None else asked
        if max(delay, at_least) > min(MAX_PAUSE, ends_at - clock.now()):
            return None
        taken = quota.take(decision)
        self.taken += taken
        return delay if taken else None
