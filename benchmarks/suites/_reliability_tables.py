"""The tables of the suite `reliability`, and what was promised."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.report import Reach, Table, at_least, at_most, number
from benchmarks.suites._reliability_sizes import PROMISED, RATE, SHARE, FanOut, Measured
from benchmarks.worker import Sample

_MS = 1e3
_US = 1e6
_MIB = 1 / 1024**2
_QUOTA = 35
"""Retries that a client can afford while nothing succeeds."""


def tables(measured: Measured) -> list[Table]:
    """Lay everything out."""
    sizes = measured.sizes
    failing = {way.label: found for way, found in measured.failing.items()}
    return [
        _fan_out_table(
            f"Fan-out over {sizes.instances} instances, {SHARE:.0%} of all requests fail", failing
        ),
        _kinds_table(measured.failing[PROMISED]),
        _fan_out_table(
            f"Fan-out over {sizes.instances} instances, {RATE} requests a second",
            {"default options": measured.limited},
        ),
        _speed_table(measured),
        _bomb_table(measured),
        _outage_table(measured),
    ]


def reach(measured: Measured) -> list[Reach]:
    """Compare each promise with what was measured."""
    sizes, speed = measured.sizes, measured.speed
    return [
        *_reach_of_fan_out(
            f"{SHARE:.0%} failures", measured.failing[PROMISED], sizes.instances, seconds=2
        ),
        *_reach_of_fan_out(f"{RATE} a second", measured.limited, sizes.instances, seconds=6),
        at_most(
            f"{RATE} a second: responses that are 429, at most",
            max(found.throttled for found in measured.limited),
            8,
            " %",
        ),
        at_least("small instances a second", _rate(speed.default), 2000, "/s"),
        at_least("small instances a second, uvloop", _rate(speed.fast), 2000, "/s"),
        at_most(f"fan-out over {sizes.bulk}: peak RSS", _peak(speed.weighed), 64, " MiB"),
        *(
            at_most(f"{sizes.at_once} gzip bombs: longest lag{by}", _longest(seconds), 50, " ms")
            for by, seconds in (
                ("", [bombed.sample.stall for bombed in measured.bombed]),
                (", by the CPU's clock", [bombed.sample.busy for bombed in measured.bombed]),
            )
        ),
        at_most(
            f"{sizes.at_once} gzip bombs: peak RSS",
            _peak(bombed.sample for bombed in measured.bombed),
            192,
            " MiB",
        ),
        at_most(
            f"service down, {sizes.calls} calls: requests",
            max(sum(outage.counts.values()) for outage in measured.outages),
            sizes.calls + _QUOTA,
            "",
        ),
    ]


def _reach_of_fan_out(
    name: str, found: Sequence[FanOut], instances: int, *, seconds: float
) -> list[Reach]:
    fewest = instances - max(one.lost for one in found)
    return [
        at_least(f"{name}: instances handed over, the fewest", fewest, instances, ""),
        at_most(f"{name}: handed over twice", max(one.excess for one in found), 0, ""),
        at_most(f"{name}: wall, median", median(one.sample.wall for one in found), seconds, " s"),
    ]


def _rate(found: Sequence[Sample]) -> float | None:
    """Return instances per second."""
    return median(map(_speed_of, found)) if found else None


def _speed_of(sample: Sample) -> float:
    return len(sample.ids) / sample.wall


def _peak(found: Iterable[Sample]) -> float | None:
    peaks = [one.peak * _MIB for one in found if one.peak is not None]
    return max(peaks, default=None)


def _raised(found: Iterable[Sample]) -> str:
    """Return the types of all errors, and how many there were of each."""
    errors = sum((Counter(one.errors) for one in found), Counter[str]())
    return ", ".join(f"{count} {name}" for name, count in errors.items()) or "-"


def _longest(seconds: Iterable[float | None]) -> float | None:
    """Return the longest of all, in milliseconds."""
    return max((one * _MS for one in seconds if one is not None), default=None)


def _fan_out_table(title: str, found: dict[str, list[FanOut]]) -> Table:
    rows = [
        (
            label,
            str(len(ones)),
            str(max(one.lost for one in ones)),
            str(sum(one.lost for one in ones)),
            str(sum(one.excess for one in ones)),
            number(median(one.requests for one in ones), 0),
            number(median(one.failed for one in ones)),
            number(max(one.throttled for one in ones)),
            number(median(one.sample.wall for one in ones), 2),
            number(max(one.sample.wall for one in ones), 2),
            _raised(one.sample for one in ones),
        )
        for label, ones in found.items()
    ]
    columns = (
        *("rounds", "most lost", "lost in all", "twice", "requests", "failed %"),
        *("429 %, most", "wall s", "longest", "raised"),
    )
    return Table(title, ("", *columns), rows)


def _kinds_table(found: Sequence[FanOut]) -> Table:
    names = list(dict.fromkeys(name for one in found for name in sorted(one.counts)))
    return Table(
        "Responses in the first of these, by round",
        ("", *(str(1 + index) for index in range(len(found)))),
        [(name, *(str(one.counts.get(name, 0)) for one in found)) for name in names],
    )


def _speed_table(measured: Measured) -> Table:
    speed = measured.speed
    rows = [
        (
            label,
            number(_rate(ones), 0),
            number(min(map(_speed_of, ones)), 0),
            number(max(map(_speed_of, ones)), 0),
            number(median(one.cpu / len(one.ids) for one in ones) * _US, 0),
            number(_peak(weighed)),
        )
        for label, ones, weighed in (
            ("CPython's loop", speed.default, speed.weighed),
            ("uvloop", speed.fast, []),
        )
        if ones
    ]
    columns = ("a second", "slowest", "fastest", "CPU us each", "peak MiB")
    title = f"Fan-out over {measured.sizes.bulk} instances of {speed.gzip:.0f} bytes of gzip"
    return Table(title, ("", *columns), rows)


def _bomb_table(measured: Measured) -> Table:
    sizes = measured.sizes
    return Table(
        f"{sizes.at_once} gzip bombs at once, each of {sizes.inflated / 1e6:.0f} MB inflated",
        ("", "lag ms", "of CPU", "peak MiB", "CPU s", "wall s", "raised"),
        [
            (
                f"{bombed.bomb.filling}: {bombed.bomb.method}",
                number(_longest([bombed.sample.stall])),
                number(_longest([bombed.sample.busy])),
                number(_peak([bombed.sample])),
                number(bombed.sample.cpu, 2),
                number(bombed.sample.wall, 2),
                _raised([bombed.sample]),
            )
            for bombed in measured.bombed
        ],
    )


def _outage_table(measured: Measured) -> Table:
    return Table(
        f"{measured.sizes.calls} calls while the service is down",
        ("", "requests", "errors", "wall s"),
        [
            (
                outage.kind,
                str(sum(outage.counts.values())),
                str(sum(outage.sample.errors.values())),
                number(outage.sample.wall, 2),
            )
            for outage in measured.outages
        ],
    )
