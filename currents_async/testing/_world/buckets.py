"""Timelines: stretches of time of the same length, one after the other."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_HOUR = 60 * 60 * 1000
_DAY = 24 * _HOUR
SPANS = {"1h": _HOUR, "1d": _DAY, "1w": 7 * _DAY}
"""The lengths in milliseconds."""
# A world begins on a Monday at nine o'clock: days begin at midnight, weeks on Mondays.
_FIRST = -9 * _HOUR


def buckets(
    items: Iterable[T], moment: Callable[[T], int], resolution: str
) -> Iterator[tuple[int, list[T]]]:
    """Yield the start of each bucket and what is in it, from the first that has something.

    Empty ones in between are there too. Moments are in milliseconds since the world's `EPOCH`.
    """
    span = SPANS[resolution]
    found: dict[int, list[T]] = {}
    for item in items:
        found.setdefault((moment(item) - _FIRST) // span, []).append(item)
    if found:
        for number in range(min(found), max(found) + 1):
            yield _FIRST + number * span, found.get(number, [])
