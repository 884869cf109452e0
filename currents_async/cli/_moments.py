"""Points in time and spans, as people write them."""

import re
from datetime import UTC, date, datetime, timedelta

from currents_async._wire.filters import Moment
from currents_async.errors import InvalidArgumentError

_SPAN = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_moment(name: str, text: str) -> Moment:
    """Read a day, a point in time, or a span before now such as `7d`; UTC unless it says else.

    A day stays one, since some services take no times; `read_time` makes it its midnight.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        return read_time(name, text)


def read_time(name: str, text: str) -> datetime:
    """Read what `read_moment` reads, as a point in time."""
    try:
        if _SPAN.fullmatch(text):
            return datetime.now(UTC) - read_span(name, text)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except ValueError:
        raise InvalidArgumentError(
            f"{name} must be as 2026-01-31, 2026-01-31T18:00Z or 7d, not {text!r}"
        ) from None
    except OverflowError:
        raise InvalidArgumentError(
            f"{name} must lie in the years 1 to 9999, not {text!r}"
        ) from None


def read_optional_moment(name: str, text: str | None) -> Moment | None:
    """Read a moment where there is one."""
    return None if text is None else read_moment(name, text)


def read_span(name: str, text: str) -> timedelta:
    """Read a span: a number and m, h, d or w, for minutes, hours, days or weeks."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise InvalidArgumentError(f"{name} must be as 30m, 12h, 7d or 2w, not {text!r}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
