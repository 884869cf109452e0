"""Points and spans of time as people write them: `yesterday`, `2 weeks ago`, `7d`, `2026-01-31`."""

import re
from datetime import UTC, date, datetime, timedelta

from currents_async.errors import InvalidArgumentError

_SPAN = re.compile(r"(\d{1,6}|an?)\s*([a-z]+)", re.ASCII)
_UNITS = {
    "seconds": ("s", "sec", "second"),
    "minutes": ("m", "min", "minute"),
    "hours": ("h", "hr", "hour"),
    "days": ("d", "day"),
    "weeks": ("w", "week"),
}
_DAYS_AGO = {"today": 0, "yesterday": 1}


def read_moment(option: str, text: str) -> date | datetime:
    """Read a day, a point in time, or a span before now such as `7d`; UTC unless it says otherwise.

    A day stays a day, since some operations take no times; `read_time` makes it its midnight.
    """
    days_ago = _DAYS_AGO.get(text.strip().lower())
    if days_ago is not None:
        return datetime.now(UTC).date() - timedelta(days=days_ago)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _read_time(option, text)


def read_optional_moment(option: str, text: str | None) -> date | datetime | None:
    """Read a moment, or return None for None."""
    return None if text is None else read_moment(option, text)


def read_time(option: str, text: str) -> datetime:
    """Read what `read_moment` reads, as a point in time."""
    moment = read_moment(option, text)
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def read_span(option: str, text: str) -> timedelta:
    """Read a span: a number and a unit from seconds to weeks, as in `7d` or `2 weeks`."""
    span = _span(text)
    if span is None:
        raise InvalidArgumentError(
            f"{option} must be a span of time such as 30m, 12h, 7d or '2 weeks', not {text!r}"
        )
    return span


def _read_time(option: str, text: str) -> datetime:
    words = text.strip().lower()
    try:
        if words == "now":
            return datetime.now(UTC)
        if (span := _span(words.removesuffix("ago"))) is not None:
            return datetime.now(UTC) - span
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except ValueError:
        raise InvalidArgumentError(
            f"{option} must be a time such as yesterday, 7d, '2 weeks ago', 2026-01-31 or "
            f"2026-01-31T18:00Z, not {text!r}"
        ) from None
    except OverflowError:
        raise InvalidArgumentError(
            f"{option} must lie in the years 1 to 9999, not {text!r}"
        ) from None


def _span(text: str) -> timedelta | None:
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        return None
    number, unit = found.groups()
    singular = unit if len(unit) == 1 else unit.removesuffix("s")
    name = next((name for name, words in _UNITS.items() if singular in words), None)
    count = int(number) if number.isdecimal() else 1
    return None if name is None else timedelta(**{name: count})
