"""Whether to retry, and when: decided by the error, the request and the attempt alone."""

from enum import Enum, auto

from currents_async.errors import (
    APIError,
    ConnectError,
    CurrentsError,
    RateLimitedError,
    TransportError,
)

_OF_PROXIES = frozenset({520, 521, 522, 523, 524, 529, 530})
"""Statuses of content delivery networks for an origin that is overloaded, down or too slow."""
_TRANSIENT = frozenset({408, 500, 502, 503, 504}) | _OF_PROXIES
"""Statuses after which the same request may succeed, and may have been carried out."""

OVERLOADED = frozenset({502, 503, 504})
"""Statuses that mean a failure if there is one of them, and a limit if there are many."""

PAUSING = _TRANSIENT | {429}
"""Statuses with which the server may ask for a pause that we keep."""

_CAP = 20.0
_BASE = 0.05
_BASE_THROTTLED = 1.0

_TOKENS = 500
_COST = 14
_COST_THROTTLED = 5
_INCOME = 1
"""Tokens that a success without a retry earns, so that an outage does not end retries for good."""


class RetryDecision(Enum):
    """What to do about a failed attempt."""

    GIVE_UP = auto()
    """Raise the error: another attempt would fail too."""
    AMBIGUOUS = auto()
    """Raise an `AmbiguousError`: the write may have been carried out, and must not be repeated."""
    RETRY = auto()
    """The request has not been carried out, or may be repeated."""
    RETRY_THROTTLED = auto()
    """The server wants fewer requests: retry later."""


def classify(error: CurrentsError, *, repeatable: bool) -> RetryDecision:
    """Decide what to do about an attempt that failed.

    `repeatable` means that carrying the request out twice does no harm.
    """
    if isinstance(error, RateLimitedError):
        return RetryDecision.RETRY_THROTTLED
    if isinstance(error, ConnectError):
        return RetryDecision.RETRY
    if may_have_happened(error):
        return RetryDecision.RETRY if repeatable else RetryDecision.AMBIGUOUS
    return RetryDecision.GIVE_UP


def may_have_happened(error: CurrentsError) -> bool:
    """Return whether a request that failed in this way may have been carried out."""
    if isinstance(error, TransportError):
        return not isinstance(error, ConnectError)
    return isinstance(error, APIError) and error.status in _TRANSIENT


def backoff(decision: RetryDecision, retry: int, chance: float) -> float:
    """Return the seconds before a retry, counted from 1: full jitter under a doubling bound.

    `chance` is at least 0 and below 1.
    """
    base = _BASE_THROTTLED if decision is RetryDecision.RETRY_THROTTLED else _BASE
    return chance * min(_CAP, base * 2.0 ** min(retry - 1, 30))


class Quota:
    """The retries that a client can afford, so that it does not overload a service that is down."""

    def __init__(self) -> None:
        self.tokens: int = _TOKENS

    def take(self, decision: RetryDecision) -> int:
        """Take the tokens of one retry and return their number; 0 if there are not enough."""
        cost = _COST_THROTTLED if decision is RetryDecision.RETRY_THROTTLED else _COST
        if cost > self.tokens:
            return 0
        self.tokens -= cost
        return cost

    @property
    def is_full(self) -> bool:
        """Whether there is nothing to give back to."""
        return self.tokens == _TOKENS

    def give_back(self, taken: int) -> None:
        """Give back what a call took that has succeeded."""
        self.tokens = min(_TOKENS, self.tokens + (taken or _INCOME))
