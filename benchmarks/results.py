"""What was measured of each thing, round by round, and one number out of that."""

import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

from benchmarks.processes import Failed

_Key = TypeVar("_Key")
_One = TypeVar("_One")
Read = Callable[[_One], float | None]
"""Reads a number from what was measured in a round."""


def value(field: str, scale: float = 1.0) -> Callable[[Any], float | None]:
    """Return what reads a field in a unit of its own."""

    def read(one: Any) -> float | None:
        found: float | None = getattr(one, field)
        return None if found is None else found * scale

    return read


class Results(dict[_Key, Sequence[_One]]):
    """The rounds of each key. A key that did not take part has None for everything."""

    def of(
        self, read: Read[_One], choose: Callable[[Iterable[float]], float] = median
    ) -> Callable[[_Key], float | None]:
        """Return a function of the key: the median of what is known, or another choice."""

        def chosen(key: _Key) -> float | None:
            known = [found for one in self.get(key, ()) if (found := read(one)) is not None]
            return choose(known) if known else None

        return chosen

    def ratio(self, read: Read[_One], base: _Key) -> Callable[[_Key], float | None]:
        """Return a function of the key: how many times as much as the base it is.

        It is the median of the ratios within each round: what slows both, cancels out.
        """

        def middle(key: _Key) -> float | None:
            pairs = zip(map(read, self.get(key, ())), map(read, self.get(base, ())), strict=False)
            ratios = [one / other for one, other in pairs if one is not None and other]
            return median(ratios) if ratios else None

        return middle


Way = Callable[[], object]
"""Does some work once. Ways to be compared that return a number must all return the same."""


def compare(ways: Mapping[str, Way], rounds: int) -> Results[str, float]:
    """Measure all ways in turn, in milliseconds of CPU; each has been done once before."""
    counts = {way: count for way, work in ways.items() if isinstance(count := work(), int)}
    if len(set(counts.values())) > 1:
        raise Failed(f"the ways do different work: {counts}")
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, found in times.items():
            found.append(_time(ways[way]))
    return Results(times)


def _time(work: Way) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return 1e3 * (time.process_time() - start)
