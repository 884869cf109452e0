"""The tables and the chart of the suite `decode`, and what was promised."""

from operator import attrgetter
from statistics import median

from benchmarks import decoding, payloads
from benchmarks.payloads import Payload
from benchmarks.report import Bar, Chart, Reach, Table, at_least, at_most, number
from benchmarks.results import Results, ratio
from benchmarks.session import Case
from benchmarks.suites._decode_cases import (
    BODIES,
    CONCURRENCY,
    CPU,
    END_TO_END,
    FAN_OUT,
    FAN_OUTS,
    FAR,
    FIRST,
    GENERATED,
    JSON,
    PEAK,
    PYDANTIC,
    RETAINED,
    SLOW_READ,
    SLOW_STREAM,
    STALL,
    STREAM,
    WALL,
    Measured,
    floor_of,
)
from benchmarks.timing import Times


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
            (path, str(one.count), number(one.gzip / 1e3, 0), number(one.json / 1e3, 0))
            for path, one in written.items()
        ],
    )


def _end_to_end_table(measured: Measured, labels: dict[str, str]) -> Table:
    timed, dropped, kept = measured.end_to_end, measured.dropped, measured.kept
    return Table(
        "Playwright run at the wire limit, end to end (peak: specs dropped; kept: specs kept)",
        (
            "",
            *("CPU ms", "x ours", "wall ms", "stall ms", "first ms", "peak MB", "kept MB", "of it"),
        ),
        [
            (
                labels[case.contender],
                number(timed.median(case, CPU)),
                number(timed.ratio(case, STREAM, CPU), 2, "x"),
                *(number(timed.median(case, read)) for read in (WALL, STALL, FIRST)),
                number(dropped.median(case, PEAK)),
                *(number(kept.median(case, read)) for read in (PEAK, RETAINED)),
            )
            for case in END_TO_END
            if case in timed
        ],
    )


def _body_table(bodies: Results) -> Table:
    return Table(
        "Longest loop stall, by body, everything kept",
        ("", "ours ms", "raw read() ms", "CPU ms", "wall ms"),
        [
            (
                name,
                number(bodies.median(case, STALL), 2),
                number(bodies.median(floor_of(case), STALL), 2),
                *(number(bodies.median(case, read)) for read in (CPU, WALL)),
            )
            for name, case in BODIES.items()
        ],
    )


def _slow_table(slow: Results, labels: dict[str, str]) -> Table:
    return Table(
        "Playwright run at 10 MB/s",
        ("", "wall ms", "CPU ms", "stall ms", "first ms"),
        [
            (
                labels[case.contender],
                *(number(slow.median(case, read)) for read in (WALL, CPU, STALL, FIRST)),
            )
            for case in (SLOW_STREAM, SLOW_READ)
        ],
    )


def _fan_out_table(measured: Measured, labels: dict[str, str], count: int) -> Table:
    fan_out, ideal = measured.fan_out, measured.ideal
    rows = []
    for case in FAN_OUTS:
        wall, cpu = fan_out.median(case, WALL), fan_out.median(case, CPU)
        if wall is None or cpu is None:
            continue
        speed = "10 MB/s" if case.link.bytes_per_second else "full speed"
        rows.append((
            f"{labels[case.contender]}, {speed}{', uvloop' if case.uvloop else ''}",
            number(wall),
            number(wall / ideal, 2, "x"),
            number(cpu / (1 + count), 3),
            number(fan_out.median(case, STALL)),
        ))
    title = (
        f"Fan-out: {count} instances at {FAR.latency_ms} ms, {CONCURRENCY} at once; "
        f"ideal {ideal:.0f} ms"
    )
    return Table(title, ("", "wall ms", "x ideal", "CPU ms a request", "stall ms"), rows)


def _decoding_table(found: dict[str, Times]) -> Table:
    columns = (decoding.FLOOR, decoding.WHOLE, decoding.STREAM, decoding.NARROW)
    return Table(
        "Decoding alone, CPU ms (floor: inflate + skip)",
        ("", "floor", "whole", "stream", "narrow", "s / w", "s / f", "n / f"),
        [
            (
                name,
                *(number(median(ways[way]) * 1e3 if way in ways else None) for way in columns),
                number(_stream_to_whole(ways), 2, "x"),
                number(ratio(ways.get(decoding.STREAM), ways.get(decoding.FLOOR)), 2, "x"),
                number(ratio(ways.get(decoding.NARROW), ways.get(decoding.FLOOR)), 2, "x"),
            )
            for name, ways in found.items()
        ],
    )


def _stream_to_whole(ways: Times) -> float | None:
    return ratio(ways[decoding.STREAM], ways[decoding.WHOLE])


def chart(timed: Results, labels: dict[str, str]) -> Chart:
    """Draw the CPU of each contender as a multiple of ours: seconds belong to one machine."""
    bars = [
        Bar(labels[case.contender], value, "currents" in case.contender)
        for case in END_TO_END
        if (value := timed.ratio(case, STREAM, CPU)) is not None
    ]
    title = "CPU to fetch and decode one large run, as a multiple of currents_async stream"
    return Chart(title, "x", sorted(bars, key=attrgetter("value")))


def reach(measured: Measured) -> list[Reach]:
    """Compare each promise with what was measured."""
    hostile = decoding.HOSTILE.format("")
    slow = measured.slow.ratio(SLOW_STREAM, SLOW_READ, WALL)
    return [
        *_reach_of_cpu(measured.end_to_end),
        *_reach_of_decoding(measured.decoding),
        *_reach_of_stall(measured),
        *_reach_of_memory(measured),
        at_most("wall at 10 MB/s, x raw read()", slow, 1.01, "x"),
        *_reach_of_fan_out(measured.fan_out, measured.ideal),
        *(
            at_most(f"{name}, x whole body", _stream_to_whole(ways), 2, "x")
            for name, ways in measured.decoding.items()
            if name.startswith(hostile)
        ),
    ]


def _reach_of_cpu(timed: Results) -> list[Reach]:
    others = {
        "generated client": (GENERATED, 8),
        "httpx + pydantic": (PYDANTIC, 8),
        "resp.json()": (JSON, 2.7),
    }
    return [
        at_least(
            f"end-to-end CPU, {name} against stream", timed.ratio(case, STREAM, CPU), least, "x"
        )
        for name, (case, least) in others.items()
    ]


def _reach_of_decoding(found: dict[str, Times]) -> list[Reach]:
    run, cypress = (found[decoding.GZIP.format(p)] for p in (payloads.RUN, payloads.CYPRESS))
    to_floor = "gz to Structs, x inflate + skip"
    return [
        at_most("streaming CPU, x whole body", _stream_to_whole(run), 1.05, "x"),
        at_most(f"{to_floor}: Playwright", ratio(run["stream"], run["floor"]), 2.5, "x"),
        at_most(f"{to_floor}: Cypress", ratio(cypress["stream"], cypress["floor"]), 1.6, "x"),
        at_most(f"{to_floor}: two fields", ratio(run["narrowed"], run["floor"]), 1.3, "x"),
    ]


def _reach_of_stall(measured: Measured) -> list[Reach]:
    bodies = measured.bodies
    first = measured.end_to_end.median(STREAM, FIRST)
    return [
        *(
            at_most(
                f"stall above raw read(): {name}",
                bodies.excess(case, floor_of(case), STALL),
                1,
                " ms",
            )
            for name, case in BODIES.items()
        ),
        at_most("first spec after the response starts", first, 2, " ms"),
    ]


def _reach_of_memory(measured: Measured) -> list[Reach]:
    dropped, kept = measured.dropped.median(STREAM, PEAK), measured.kept
    above = kept.median(STREAM, lambda one: _minus(PEAK(one), RETAINED(one)))
    return [
        at_most("peak RSS, specs dropped", dropped, 2.5, " MB"),
        at_most("peak RSS above retained, specs kept", above, 1, " MB"),
    ]


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _reach_of_fan_out(found: Results, ideal: float) -> list[Reach]:
    fast = FAN_OUT._replace(uvloop=True)
    read = FAN_OUT._replace(contender="fanout_read")

    def to_ideal(case: Case) -> float | None:
        return found.median(case, lambda sample: sample.wall * 1e3 / ideal)

    return [
        at_most("fan-out wall, x ideal", to_ideal(FAN_OUT), 1.25, "x"),
        at_most("fan-out wall, x ideal, uvloop", to_ideal(fast), 1.2, "x"),
        at_most("fan-out CPU, x bare read()", found.ratio(FAN_OUT, read, CPU), 2.2, "x"),
        at_most("fan-out stall, results dropped", found.median(FAN_OUT, STALL), 10, " ms"),
    ]
