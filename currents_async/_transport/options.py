"""What a call may take: all requests that it makes share one deadline."""

import math

import msgspec

from currents_async._config import Retries, Timeouts


class CallOptions(msgspec.Struct, frozen=True, gc=False):
    """The deadline of a call, and how it behaves until then."""

    deadline: float
    """By the client's clock."""
    timeouts: Timeouts
    retries: Retries
    bulk: bool = False
    """Whether requests of other calls may overtake those of this one."""
    repeat_writes: bool = False
    """Whether to repeat a write that may have been carried out."""
    fresh: bool = False
    """Whether to ask the server although the response may be in the cache."""
    ends_at: float = math.inf
    """The deadline of the larger operation that this call is part of; `deadline` is no later."""

    @property
    def bound(self) -> str:
        """The name of the setting that the deadline comes from, for messages."""
        return "Timeouts.total" if self.deadline < self.ends_at else "the given timeout"

    def extended(self, seconds: float) -> "CallOptions":
        """Return the same options with a later deadline, but never later than `ends_at`."""
        deadline = min(self.deadline + seconds, self.ends_at)
        return msgspec.structs.replace(self, deadline=deadline)
