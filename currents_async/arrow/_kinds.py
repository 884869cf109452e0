"""The types of columns, and what happens to a value that its column cannot hold.

No value that a server may send ends an export. Such values are one in a million, so a column is
first converted as it is, and mended value by value only if that fails.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (
    (moment - _EPOCH) // timedelta(milliseconds=1)
    for moment in (
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    )
)
"""In milliseconds: what Python can read back."""


class Kind:
    """A type of Arrow, and how Python values are converted to an array of it."""

    def __init__(self, arrow: pa.DataType, mend: Callable[[Any], object] | None = None) -> None:
        self.arrow = arrow
        self._mend = mend

    def array(self, values: Sequence[object]) -> "pa.Array[Any]":
        """Convert a column; values that the type cannot hold are mended, or become null."""
        try:
            return self._convert(values)
        except (OverflowError, TypeError, ValueError):
            if self._mend is None:
                raise
            return self._convert([None if one is None else self._mend(one) for one in values])

    def _convert(self, values: Sequence[Any]) -> "pa.Array[Any]":
        return pa.array(values, self.arrow)


class _Moments(Kind):
    def _convert(self, values: Sequence[Any]) -> "pa.Array[Any]":
        # Arrow converts timedeltas three times as fast as datetimes with a time zone.
        since = [None if moment is None else moment - _EPOCH for moment in values]
        array = pa.array(since, pa.duration("ms")).view(self.arrow)
        numbers = array.drop_null().view(pa.int64())
        found = pc.call_function("min_max", [numbers]).as_py()
        if numbers and not _FIRST <= found["min"] <= found["max"] <= _LAST:
            raise OverflowError("a time zone makes the year 0 or 10000 of a moment")
        return array


def _mend_text(text: str) -> str:
    """Replace lone surrogates, which cannot be encoded as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _mend_texts(texts: Sequence[str]) -> list[str]:
    return [_mend_text(text) for text in texts]


def _mend_moment(moment: datetime) -> datetime | None:
    """Treat a moment without a time zone as UTC."""
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None


def _mend_fraction(number: float) -> float | None:
    try:
        return float(number)
    except OverflowError:
        return None


def _whole_numbers(arrow: pa.DataType, bits: int) -> Kind:
    bound = 1 << (bits - 1)
    return Kind(arrow, lambda number: number if -bound <= number < bound else None)


TEXT = Kind(pa.string(), _mend_text)
# Parquet names the items of lists `element`.
TEXTS = Kind(pa.list_(pa.field("element", pa.string())), _mend_texts)
FLAG = Kind(pa.bool_())
COUNT = _whole_numbers(pa.int32(), 32)
WHOLE = _whole_numbers(pa.int64(), 64)
DAY = Kind(pa.date32())
FRACTION = Kind(pa.float64(), _mend_fraction)
MOMENT = _Moments(pa.timestamp("ms", tz="UTC"), _mend_moment)
