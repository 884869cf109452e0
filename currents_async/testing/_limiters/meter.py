"""What every limiter can do: count requests, in time that is passed in."""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol, runtime_checkable

from currents_async.errors import InvalidArgumentError
from currents_async.testing._limiters.decision import TICK, Decision, Quota, Says


class Refusal(NamedTuple):
    """Why a request does not pass."""

    says: Says
    wait: float | None
    """Seconds until a request would pass; None if that is not a matter of time."""


class Meter(ABC):
    """Counts requests against a limiter, for one API key.

    `now` is in seconds since the epoch. Any other clock that never goes backwards will do where no
    dates are sent and no windows are aligned; time that goes backwards stands still.
    """

    now: float
    """The latest time that the meter was given."""

    def __init__(self, says: Says) -> None:
        """Begin to count."""
        self.says = says
        self.now = -math.inf

    def arrive(self, now: float) -> Decision:
        """Decide about a request that has just arrived, and count it if it is accepted."""
        refusal = self.check(now)
        if refusal is None:
            self.take()
            return Decision(accepted=True, says=self.says, now=self.now, quotas=self.quotas())
        return Decision(
            accepted=False,
            says=refusal.says,
            now=self.now,
            wait=refusal.wait,
            quotas=self.quotas(),
        )

    def check(self, now: float) -> Refusal | None:
        """Return why a request would not pass now, or None; count nothing."""
        self.now = max(now, self.now)
        return self._refuse()

    @abstractmethod
    def take(self) -> None:
        """Count a request that passes `now`."""

    def leave(self) -> None:  # noqa: B027 - most meters do not care how long requests take
        """Note that a request that was accepted is over."""

    def quotas(self) -> tuple[Quota, ...]:
        """Return what is left of each limit `now`, for limits that can be stated."""
        return ()

    @abstractmethod
    def _refuse(self) -> Refusal | None:
        """Return why a request would not pass `now`."""

    def _refuse_for(self, wait: float) -> Refusal | None:
        """Return the refusal of a request that has to wait, if it has to."""
        return Refusal(self.says, wait) if wait > TICK else None


@runtime_checkable
class Limiter(Protocol):
    """A setting of a rate limiter, which requests can be counted against."""

    def meter(self) -> Meter:
        """Begin to count."""
        ...


def check_limiter(name: str, value: Limiter) -> Limiter:
    """Return a limiter, or raise an `InvalidArgumentError`."""
    if isinstance(value, Limiter):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    raise InvalidArgumentError(f"{name} must be a limiter, not {type(value).__name__}")
