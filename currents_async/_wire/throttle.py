"""What the server says about its rate limit, and about when to retry."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

_DAY = 24 * 60 * 60
"""The longest wait in seconds that a server can mean: beyond it a header is garbage."""


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What the server last said about the rate limit of the API key.

    Source: `docs/api/base.md`, "Rate limits".
    """

    limit: int | None = None
    """Requests in a window."""
    remaining: int | None = None
    """Requests that are left in it."""
    reset: datetime | None = None
    """When the next window begins, in UTC by the server's clock."""

    @property
    def share_left(self) -> float:
        """The share of the limit that is left, up to 1; 1 if the server does not say."""
        if self.remaining is None or not self.limit:
            return 1.0
        return min(1.0, self.remaining / self.limit)


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Return the rate limit that a response states, or None."""
    limit = _number(headers.get("X-RateLimit-Limit"))
    remaining = _number(headers.get("X-RateLimit-Remaining"))
    if limit is None and remaining is None:
        return None
    return RateLimit(
        limit=None if limit is None else int(limit),
        remaining=None if remaining is None else int(remaining),
        reset=_moment(_number(headers.get("X-RateLimit-Reset"))),
    )


def requested_wait(
    headers: Mapping[str, str], wall: float, *, throttled: bool = True
) -> float | None:
    """Return the seconds that a response asks to wait; None if it does not, or not sensibly.

    `Retry-After` in seconds or as a date comes before `X-RateLimit-Reset`, which says when to retry
    again only in a response that is `throttled`: others may carry it all the time. Dates are
    measured against the response's own `Date`, so that the clocks need not agree, else against
    `wall`, in seconds since the epoch.
    """
    retry_after = headers.get("Retry-After")
    reset = headers.get("X-RateLimit-Reset") if throttled else None
    if retry_after is None and reset is None:
        return None
    now = _date(headers.get("Date"))
    now = wall if now is None else now
    asked = (_number(retry_after), _until(_date(retry_after), now), _until(_number(reset), now))
    return next((wait for wait in asked if wait is not None and 0 <= wait <= _DAY), None)


def _until(moment: float | None, now: float) -> float | None:
    return None if moment is None else moment - now


def _number(value: str | None) -> float | None:
    if value is None or re.fullmatch(r"\s*\d{1,12}(\.\d{1,9})?\s*", value, re.ASCII) is None:
        return None
    return float(value)


def _date(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
        # HTTP's dates are GMT, whatever name a server gives the zone.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _moment(epoch: float | None) -> datetime | None:
    try:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError):
        return None
