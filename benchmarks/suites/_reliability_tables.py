"""The tables of the suite `reliability`, and what was promised."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.report import Reach, Table, number
from benchmarks.suites._reliability_plan import (
    PROMISED,
    RATE,
    SHARE,
    FanOut,
    Measured,
)
from benchmarks.trials import Outcome

_MS = 1e3
_US = 1e6
_MIB = 1 / 1024**2
_PERCENT = 100.0
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
        _at_most(
            f"{RATE} a second: answers that are 429, at most",
            _PERCENT * max(found.throttled for found in measured.limited),
            8,
            " %",
        ),
        _at_least("small instances a second", _rate(speed.default), 2000, "/s"),
        _at_least("small instances a second, uvloop", _rate(speed.fast), 2000, "/s"),
        _at_most(f"fan-out over {sizes.bulk}: peak RSS", _peak(speed.weighed), 64, " MiB"),
        *(
            _at_most(f"{sizes.at_once} gzip bombs: longest lag{by}", _longest(seconds), 50, " ms")
            for by, seconds in (
                ("", [bombed.outcome.stall for bombed in measured.bombed]),
                (", by the CPU's clock", [bombed.outcome.busy for bombed in measured.bombed]),
            )
        ),
        _at_most(
            f"{sizes.at_once} gzip bombs: peak RSS",
            _peak(bombed.outcome for bombed in measured.bombed),
            192,
            " MiB",
        ),
        _at_most(
            f"service down, {sizes.calls} calls: requests",
            max(sum(outage.counts.values()) for outage in measured.outages),
            sizes.calls + _QUOTA,
            "",
        ),
    ]


def _at_most(metric: str, ours: float | None, most: float, unit: str) -> Reach:
    return Reach(metric=metric, ours=ours, reach=most, better="less", unit=unit)


def _at_least(metric: str, ours: float | None, least: float, unit: str) -> Reach:
    return Reach(metric=metric, ours=ours, reach=least, better="more", unit=unit)


def _reach_of_fan_out(
    name: str, found: Sequence[FanOut], instances: int, *, seconds: float
) -> list[Reach]:
    fewest = instances - max(one.lost for one in found)
    return [
        _at_least(f"{name}: instances handed over, the fewest", fewest, instances, ""),
        _at_most(f"{name}: handed over twice", max(one.excess for one in found), 0, ""),
        _at_most(f"{name}: wall, median", median(one.outcome.wall for one in found), seconds, " s"),
    ]


def _rate(found: Sequence[Outcome]) -> float | None:
    """Return instances a second."""
    return median(map(_speed_of, found)) if found else None


def _speed_of(outcome: Outcome) -> float:
    return len(outcome.instances) / outcome.wall


def _peak(found: Iterable[Outcome]) -> float | None:
    peaks = [one.peak * _MIB for one in found if one.peak is not None]
    return max(peaks, default=None)


def _raised(found: Iterable[Outcome]) -> str:
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
            number(_PERCENT * median(one.failed for one in ones)),
            number(_PERCENT * max(one.throttled for one in ones)),
            number(median(one.outcome.wall for one in ones), 2),
            number(max(one.outcome.wall for one in ones), 2),
            _raised(one.outcome for one in ones),
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
        "Answers in the first of these, by round",
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
            number(median(one.cpu / len(one.instances) for one in ones) * _US, 0),
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
                f"{bombed.filling}: {bombed.operation}",
                number(_longest([bombed.outcome.stall])),
                number(_longest([bombed.outcome.busy])),
                number(_peak([bombed.outcome])),
                number(bombed.outcome.cpu, 2),
                number(bombed.outcome.wall, 2),
                _raised([bombed.outcome]),
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
                str(sum(outage.outcome.errors.values())),
                number(outage.outcome.wall, 2),
            )
            for outage in measured.outages
        ],
    )
