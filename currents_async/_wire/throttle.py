"""What the server says about when to retry, and the numbers and dates in headers."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

DAY = 24 * 60 * 60
"""The longest wait in seconds that a server can mean: beyond it a header is garbage."""


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
    now = server_time(headers, wall)
    asked = (number(retry_after), _until(_date(retry_after), now), seconds_until(reset, now))
    return next((wait for wait in asked if wait is not None and 0 <= wait <= DAY), None)


def _until(moment: float | None, now: float) -> float | None:
    return None if moment is None else moment - now


def server_time(headers: Mapping[str, str], wall: float) -> float:
    """Return the time of the server in seconds since the epoch, or `wall` if it does not say."""
    now = _date(headers.get("Date"))
    return wall if now is None else now


def seconds_until(reset: str | None, now: float) -> float | None:
    """Return the seconds until a reset, which is in seconds from now, or since the epoch."""
    value = number(reset)
    return value if value is None or value <= DAY else value - now


def number(value: str | None) -> float | None:
    """Return a number that is neither negative nor absurd, or None."""
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
