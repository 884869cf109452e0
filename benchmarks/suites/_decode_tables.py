"""The tables and the chart of the suite `decode`."""

from operator import attrgetter
from statistics import median

from benchmarks import micro, payloads
from benchmarks.payloads import Payload
from benchmarks.races import Results
from benchmarks.report import Bar, Chart, Table, number
from benchmarks.suites._decode_plan import (
    BODIES,
    CONCURRENCY,
    CPU,
    ENTRIES,
    FAR,
    FIRST,
    MB,
    MS,
    PEAK,
    READ,
    RETAINED,
    SLOW,
    STALL,
    STREAM,
    WALL,
    Measured,
    fan_outs,
    floor_of,
    over,
    paired,
    scaled,
)


def tables(measured: Measured, written: dict[str, Payload], labels: dict[str, str]) -> list[Table]:
    """Lay everything out."""
    return [
        _payload_table(written),
        _end_to_end_table(measured, labels),
        _body_table(measured.bodies),
        _slow_table(measured.slow, labels),
        _fan_out_table(measured, labels, written[payloads.FANOUT].count),
        _decoding_table(measured.decoding),
    ]


def _payload_table(written: dict[str, Payload]) -> Table:
    return Table(
        "Payloads (a fan-out also fetches the instances of its run)",
        ("path", "elements", "gzip kB", "JSON kB"),
        [
            (path, str(one.count), f"{one.gzip / 1e3:.0f}", f"{one.json / 1e3:.0f}")
            for path, one in written.items()
        ],
    )


def _end_to_end_table(measured: Measured, labels: dict[str, str]) -> Table:
    timed, dropped, kept = measured.end_to_end, measured.dropped, measured.kept
    rows = []
    for entry in ENTRIES:
        if entry not in timed:
            continue
        is_floor = entry.lineup.contender.startswith("floor_")
        rows.append((
            labels[entry.lineup.contender],
            number(scaled(timed.median(entry, CPU), MS)),
            number(timed.ratio(entry, STREAM, CPU), 2, "x"),
            number(scaled(timed.median(entry, WALL), MS)),
            number(scaled(timed.median(entry, STALL), MS)),
            "-" if is_floor else number(scaled(timed.median(entry, FIRST), MS)),
            number(scaled(dropped.median(entry, PEAK), MB)),
            number(scaled(kept.median(entry, PEAK), MB)),
            number(scaled(kept.median(entry, RETAINED), MB)),
        ))
    columns = ("CPU ms", "x ours", "wall ms", "stall ms", "first ms", "peak MB", "kept MB", "of it")
    title = "Playwright run at the wire limit, end to end (peak: specs dropped; kept: specs kept)"
    return Table(title, ("", *columns), rows)


def _body_table(bodies: Results) -> Table:
    return Table(
        "Longest loop stall, by body, everything kept",
        ("", "ours ms", "raw read() ms", "CPU ms", "wall ms"),
        [
            (
                name,
                number(scaled(bodies.median(entry, STALL), MS), 2),
                number(scaled(bodies.median(floor_of(entry), STALL), MS), 2),
                number(scaled(bodies.median(entry, CPU), MS)),
                number(scaled(bodies.median(entry, WALL), MS)),
            )
            for name, entry in BODIES.items()
        ],
    )


def _slow_table(slow: Results, labels: dict[str, str]) -> Table:
    return Table(
        "Playwright run at 10 MB/s",
        ("", "wall ms", "CPU ms", "stall ms", "first ms"),
        [
            (
                labels[entry.lineup.contender],
                number(scaled(slow.median(entry, WALL), MS)),
                number(scaled(slow.median(entry, CPU), MS)),
                number(scaled(slow.median(entry, STALL), MS)),
                number(scaled(slow.median(entry, FIRST), MS)) if index == 0 else "-",
            )
            for index, entry in enumerate((over(SLOW, STREAM), over(SLOW, READ)))
        ],
    )


def _fan_out_table(measured: Measured, labels: dict[str, str], count: int) -> Table:
    fan_out, ideal = measured.fan_out, measured.ideal
    rows = []
    for entry in fan_outs():
        wall = fan_out.median(entry, WALL)
        if wall is None:
            continue
        name, link, uvloop = entry.lineup
        speed = "10 MB/s" if link.bytes_per_second else "full speed"
        rows.append((
            f"{labels[name]}, {speed}{', uvloop' if uvloop else ''}",
            number(scaled(wall, MS)),
            number(wall / ideal, 2, "x"),
            number(scaled(fan_out.median(entry, CPU), MS / (1 + count)), 3),
            number(scaled(fan_out.median(entry, STALL), MS)),
        ))
    columns = ("wall ms", "x ideal", "CPU ms a request", "stall ms")
    title = (
        f"Fan-out: {count} instances at {FAR.latency_ms} ms, {CONCURRENCY} at once; "
        f"ideal {ideal * MS:.0f} ms"
    )
    return Table(title, ("", *columns), rows)


def _decoding_table(decoding: micro.Times) -> Table:
    rows = []
    for name, ways in decoding.items():
        middle = {way: median(times) for way, times in ways.items()}
        rows.append((
            name,
            *(
                number(scaled(middle.get(way), MS))
                for way in (micro.FLOOR, micro.WHOLE, micro.STREAM, micro.NARROW)
            ),
            number(paired(ways, micro.STREAM, micro.WHOLE), 2, "x"),
            number(paired(ways, micro.STREAM, micro.FLOOR), 2, "x"),
            number(paired(ways, micro.NARROW, micro.FLOOR), 2, "x"),
        ))
    columns = ("floor", "whole", "stream", "narrow", "s / w", "s / f", "n / f")
    return Table("Decoding alone, CPU ms (floor: inflate + skip)", ("", *columns), rows)


def chart(timed: Results, labels: dict[str, str]) -> Chart:
    """Draw the CPU of each contender as a multiple of ours: seconds belong to one machine."""
    bars = [
        Bar(labels[entry.lineup.contender], value, "currents" in entry.lineup.contender)
        for entry in ENTRIES
        if (value := timed.ratio(entry, STREAM, CPU)) is not None
    ]
    title = "CPU to fetch and decode one large run, as a multiple of currents_async stream"
    return Chart(title, "x", sorted(bars, key=attrgetter("value")))
