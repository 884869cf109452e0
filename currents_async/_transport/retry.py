"""Whether to try again, and when: decided on the error, the request and the attempt alone."""

from enum import Enum, auto

from currents_async.errors import (
    APIError,
    ConnectError,
    CurrentsError,
    RateLimitedError,
    TransportError,
)

_OF_PROXIES = frozenset({520, 521, 522, 523, 524, 529, 530})
"""What content delivery networks say of an origin that is overloaded, out of reach or too slow."""
_TRANSIENT = frozenset({408, 500, 502, 503, 504}) | _OF_PROXIES
"""Statuses after which the same request may well succeed, and may have been carried out."""

PAUSING = _TRANSIENT | {429}
"""Statuses with which the server may ask for a pause, and get one."""

_CAP = 20.0
_BASE = 0.05
_BASE_THROTTLED = 1.0

_TOKENS = 500
_COST = 14
_COST_THROTTLED = 5
_INCOME = 1
"""Tokens a success without a retry earns, so that an outage does not end retries for good."""


class RetryDecision(Enum):
    """What is to be done about a failed attempt."""

    GIVE_UP = auto()
    """The error is the outcome."""
    AMBIGUOUS = auto()
    """The write may have been carried out, and must not be repeated."""
    RETRY = auto()
    """Try again: it has not been carried out, or may be repeated."""
    RETRY_THROTTLED = auto()
    """Try again: the server wants fewer requests."""


def classify(error: CurrentsError, *, repeatable: bool) -> RetryDecision:
    """Decide about an attempt that failed.

    `repeatable` says that carrying the request out twice is as good as once.
    """
    if isinstance(error, RateLimitedError):
        return RetryDecision.RETRY_THROTTLED
    if isinstance(error, ConnectError):
        return RetryDecision.RETRY
    if may_have_happened(error):
        return RetryDecision.RETRY if repeatable else RetryDecision.AMBIGUOUS
    return RetryDecision.GIVE_UP


def may_have_happened(error: CurrentsError) -> bool:
    """Say whether a request that failed like this may have been carried out all the same."""
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
    """The retries a client can afford, so that it does not finish off a service that is down."""

    def __init__(self) -> None:
        self.tokens: int = _TOKENS

    def take(self, decision: RetryDecision) -> int:
        """Take the tokens of one retry and return how many; 0 when there are not enough."""
        cost = _COST_THROTTLED if decision is RetryDecision.RETRY_THROTTLED else _COST
        if cost > self.tokens:
            return 0
        self.tokens -= cost
        return cost

    def give_back(self, taken: int) -> None:
        """Give back what a call took that succeeded in the end."""
        self.tokens = min(_TOKENS, self.tokens + (taken or _INCOME))
