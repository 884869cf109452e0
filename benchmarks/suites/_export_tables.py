"""The tables of the suite `export`, and what was promised."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from statistics import median
from typing import NamedTuple

import msgspec

from benchmarks.exporters._server import Counts
from benchmarks.exporters._worker import Sample
from benchmarks.report import Reach, Table, number

OURS = "currents_export"
_OTHERS = {"gather_pylist": "by hand", "dlt_dicts": "dlt, fed with dicts"}
_MIB = 1 / 1024**2
_PERCENT = 100.0
_SLACK = 1.10
"""Times the least that the limit allows."""
_THROTTLED = 5.0
"""Percent of all answers."""

_CPU: Callable[[Sample], float] = attrgetter("cpu")
_WALL: Callable[[Sample], float] = attrgetter("wall")
_PEAK: Callable[[Sample], float | None] = attrgetter("peak")
_GAUGES: dict[str, Callable[[Sample], float | None]] = {
    "CPU": _CPU,
    "wall": _WALL,
    "peak": _PEAK,
}


class Limited(msgspec.Struct, frozen=True):
    """An export against a rate limit."""

    sample: Sample
    counts: Counts
    rate: int
    """Requests in a window of a second."""

    @property
    def requests(self) -> int:
        """How many were answered well."""
        return self.counts[200]

    @property
    def least(self) -> float:
        """The seconds that nobody can be faster than: windows begin with a request."""
        return (self.requests - 1) // self.rate

    @property
    def throttled(self) -> float:
        """The percentage of all answers that were 429."""
        return _PERCENT * self.counts.get(429, 0) / sum(self.counts.values())


class Measured(NamedTuple):
    """The results of all parts."""

    rows: dict[str, int]
    """By table."""
    samples: dict[str, list[Sample]]
    """By contender; one a round."""
    limited: dict[str, Limited]


def tables(measured: Measured, labels: dict[str, str]) -> list[Table]:
    """Lay everything out."""
    return [_export_table(measured, labels), _limit_table(measured.limited)]


def reach(measured: Measured) -> list[Reach]:
    """Compare each promise with what was measured."""
    ratios = [
        Reach(
            metric=f"{label}: {gauge}, x ours",
            ours=_ratio(measured.samples, name, read),
            reach=1,
            better="more",
            unit="x",
        )
        for name, label in _OTHERS.items()
        for gauge, read in _GAUGES.items()
    ]
    return ratios + [row for name, one in measured.limited.items() for row in _at_limit(name, one)]


def _at_limit(name: str, limited: Limited) -> list[Reach]:
    title = f"{limited.rate} a second, {name}"
    return [
        Reach(
            metric=f"{title}: wall, x the least",
            ours=limited.sample.wall / limited.least,
            reach=_SLACK,
            better="less",
            unit="x",
        ),
        Reach(
            metric=f"{title}: answers that are 429",
            ours=limited.throttled,
            reach=_THROTTLED,
            better="less",
            unit=" %",
        ),
    ]


def _export_table(measured: Measured, labels: dict[str, str]) -> Table:
    rows = measured.rows
    count = rows["tests"] + rows["attempts"]
    return Table(
        f"Export of {rows['specs']} instances in {rows['runs']} runs as Parquet: "
        f"{rows['tests']} tests, {rows['attempts']} attempts",
        ("", "CPU s", "x ours", "wall s", "x ours", "peak MiB", "x ours", "rows/s", "rows/CPU s"),
        [
            (
                labels[name],
                *_cells(measured.samples, name, _CPU),
                *_cells(measured.samples, name, _WALL),
                *_cells(measured.samples, name, _PEAK, scale=_MIB, digits=1),
                number(median(count / one.wall for one in samples), 0),
                number(median(count / one.cpu for one in samples), 0),
            )
            for name, samples in measured.samples.items()
        ],
    )


def _cells(
    samples: dict[str, list[Sample]],
    name: str,
    read: Callable[[Sample], float | None],
    *,
    scale: float = 1,
    digits: int = 2,
) -> tuple[str, str]:
    found = _median([read(one) for one in samples[name]])
    value = None if found is None else found * scale
    return number(value, digits), number(_ratio(samples, name, read), 2, "x")


def _ratio(
    samples: dict[str, list[Sample]], name: str, read: Callable[[Sample], float | None]
) -> float | None:
    """Return how many times as much as ours it is: the median of the ratios within the rounds."""
    pairs = zip(samples.get(name, []), samples[OURS], strict=False)
    return _median([_over(read(theirs), read(ours)) for theirs, ours in pairs])


def _over(theirs: float | None, ours: float | None) -> float | None:
    return None if theirs is None or not ours else theirs / ours


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _limit_table(found: dict[str, Limited]) -> Table:
    return Table(
        "Export against a limit of requests in each second",
        ("", "limit", "requests", "429 %", "least s", "wall s", "x least"),
        [
            (
                name,
                str(one.rate),
                str(one.requests),
                number(one.throttled),
                number(one.least),
                number(one.sample.wall, 2),
                number(one.sample.wall / one.least, 2, "x"),
            )
            for name, one in found.items()
        ],
    )
