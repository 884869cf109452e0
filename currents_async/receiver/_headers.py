"""The headers of a delivery, from any framework, and the time in them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
"""Names in any case. A mapping with several values for a name must yield all in `items()`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,9})?")
"""Up to the year 5138, in either unit."""

_FIRST_IN_MILLISECONDS = 1e11
"""As seconds this would be the year 5138; as milliseconds it is 1973."""


def index_headers(headers: Headers) -> dict[str, list[str]]:
    """Return the values of each header, under its name in lower case."""
    values: dict[str, list[str]] = {}
    for name, value in headers if isinstance(headers, Sequence) else headers.items():
        values.setdefault(name.lower(), []).append(value)
    return values


def read_timestamp(values: Sequence[str]) -> datetime | None:
    """Return the time in the values of `x-timestamp`; None if missing, invalid or repeated.

    It is in seconds or milliseconds since 1970.
    """
    if len(values) != 1 or _NUMBER.fullmatch(values[0]) is None:
        return None
    number = float(values[0])
    milliseconds = number if number >= _FIRST_IN_MILLISECONDS else number * 1000
    return _EPOCH + timedelta(milliseconds=milliseconds)
