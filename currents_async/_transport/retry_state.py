"""The retries of one call: how many there may be, what they cost, and how long to wait."""

from currents_async._config import Retries
from currents_async._transport.channel import Channel
from currents_async._transport.gate import LONGEST_PAUSE
from currents_async._transport.retry import RetryDecision, backoff
from currents_async.errors import APIError, CurrentsError


class RetryState:
    """Decides about the next attempt of a call, and pays for it."""

    def __init__(self, channel: Channel, retries: Retries, *, ends_at: float) -> None:
        self._channel = channel
        self._attempts = retries.attempts
        self.ends_at: float = ends_at
        """By the client's clock: no retry comes later."""
        self._taken = 0
        self._retries_of: dict[RetryDecision, int] = {}

    def delay(
        self, error: CurrentsError, decision: RetryDecision, *, tried: int, at_least: float = 0
    ) -> float | None:
        """Return the seconds to wait, or None when there shall be no other attempt.

        `tried` is how many attempts there have been; the next one can come `at_least` so many
        seconds from now. What the server asks for comes before backoff.
        """
        if decision in {RetryDecision.GIVE_UP, RetryDecision.AMBIGUOUS} or tried >= self._attempts:
            return None
        clock, quota = self._channel.clock, self._channel.quota
        asked = error.retry_after if isinstance(error, APIError) else None
        # A first throttle is a first one, whatever else has failed before.
        retry = self._retries_of[decision] = self._retries_of.get(decision, 0) + 1
        jittered = backoff(decision, retry, clock.random())
        delay = jittered if asked is None else asked
        if max(delay, at_least) > min(LONGEST_PAUSE, self.ends_at - clock.now()):
            return None
        taken = quota.take(decision)
        self._taken += taken
        return delay if taken else None

    def succeeded(self) -> None:
        """Give back what the call took."""
        self._channel.quota.give_back(self._taken)
