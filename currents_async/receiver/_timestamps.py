"""`x-timestamp`: when a delivery was sent, in seconds or in milliseconds since 1970."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,9})?")
"""Up to the year 5138, in either unit."""

_FIRST_IN_MILLISECONDS = 1e11
"""As seconds this would be the year 5138; as milliseconds it is 1973."""


def read_timestamp(values: Sequence[str]) -> datetime | None:
    """Return the time in the values of the header; None if it is missing, invalid or repeated."""
    if len(values) != 1 or _NUMBER.fullmatch(values[0]) is None:
        return None
    number = float(values[0])
    milliseconds = number if number >= _FIRST_IN_MILLISECONDS else number * 1000
    return _EPOCH + timedelta(milliseconds=milliseconds)
