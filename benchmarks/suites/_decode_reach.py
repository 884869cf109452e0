"""What was promised of decoding, and what it is."""

from benchmarks import micro, payloads
from benchmarks.report import Reach
from benchmarks.suites._decode_plan import (
    BODIES,
    CPU,
    FIRST,
    GENERATED,
    JSON,
    MB,
    MS,
    PEAK,
    PYDANTIC,
    READ,
    SLOW,
    STALL,
    STREAM,
    WALL,
    Measured,
    fan_out,
    floor_of,
    over,
    paired,
    scaled,
)


def reach(measured: Measured) -> list[Reach]:
    """Compare each promise with what was measured."""
    return [
        *_reach_of_cpu(measured),
        *_reach_of_decoding(measured.decoding),
        *_reach_of_stall(measured),
        *_reach_of_memory(measured),
        _at_most(
            "wall at 10 MB/s, x raw read()",
            measured.slow.ratio(over(SLOW, STREAM), over(SLOW, READ), WALL),
            1.01,
            "x",
        ),
        *_reach_of_fan_out(measured),
        *(
            _at_most(f"{name}, x whole body", paired(ways, micro.STREAM, micro.WHOLE), 2, "x")
            for name, ways in measured.decoding.items()
            if name.startswith(micro.HOSTILE.format(""))
        ),
    ]


def _at_most(metric: str, ours: float | None, most: float, unit: str) -> Reach:
    return Reach(metric=metric, ours=ours, reach=most, better="less", unit=unit)


def _reach_of_cpu(measured: Measured) -> list[Reach]:
    others = {
        "generated client": (GENERATED, 8),
        "httpx + pydantic": (PYDANTIC, 8),
        "resp.json()": (JSON, 2.7),
    }
    return [
        Reach(
            metric=f"end-to-end CPU, {name} against stream",
            ours=measured.end_to_end.ratio(entry, STREAM, CPU),
            reach=least,
            better="more",
            unit="x",
        )
        for name, (entry, least) in others.items()
    ]


def _reach_of_decoding(decoding: micro.Times) -> list[Reach]:
    run, cypress = (decoding[micro.GZIP.format(p)] for p in (payloads.RUN, payloads.CYPRESS))
    to_floor = "gz to Structs, x inflate + skip"
    return [
        _at_most("streaming CPU, x whole body", paired(run, "stream", "whole"), 1.05, "x"),
        _at_most(f"{to_floor}: Playwright", paired(run, "stream", "floor"), 2.5, "x"),
        _at_most(f"{to_floor}: Cypress", paired(cypress, "stream", "floor"), 1.6, "x"),
        _at_most(f"{to_floor}: two fields", paired(run, "narrowed", "floor"), 1.3, "x"),
    ]


def _reach_of_stall(measured: Measured) -> list[Reach]:
    bodies = measured.bodies
    rows = [
        _at_most(
            f"stall above raw read(): {name}",
            scaled(bodies.excess(entry, floor_of(entry), STALL), MS),
            1,
            " ms",
        )
        for name, entry in BODIES.items()
    ]
    first = scaled(measured.end_to_end.median(STREAM, FIRST), MS)
    return [*rows, _at_most("first spec after the response starts", first, 2, " ms")]


def _reach_of_memory(measured: Measured) -> list[Reach]:
    dropped = measured.dropped.median(STREAM, PEAK)
    above = measured.kept.median(STREAM, lambda sample: sample.peak - sample.retained)
    return [
        _at_most("peak RSS, specs dropped", scaled(dropped, MB), 2.5, " MB"),
        _at_most("peak RSS above retained, specs kept", scaled(above, MB), 1, " MB"),
    ]


def _reach_of_fan_out(measured: Measured) -> list[Reach]:
    results, ideal = measured.fan_out, measured.ideal
    ours, floor = fan_out("currents_fanout"), fan_out("fanout_read")
    fast = fan_out("currents_fanout", uvloop=True)
    stall = scaled(results.median(ours, STALL), MS)
    wall, fast_wall = (scaled(results.median(one, WALL), 1 / ideal) for one in (ours, fast))
    return [
        _at_most("fan-out wall, x ideal", wall, 1.25, "x"),
        _at_most("fan-out wall, x ideal, uvloop", fast_wall, 1.2, "x"),
        _at_most("fan-out CPU, x bare read()", results.ratio(ours, floor, CPU), 2.2, "x"),
        _at_most("fan-out stall, results dropped", stall, 10, " ms"),
    ]
