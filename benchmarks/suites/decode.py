"""A run at the limit of the wire, end to end and in parts: the default suite."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import decoding, payloads
from benchmarks.decoding import FLOOR, HOSTILE, NARROW, STREAM, WHOLE
from benchmarks.generated import generate
from benchmarks.payloads import Payload
from benchmarks.report import Part, Report, at_most, number, table
from benchmarks.results import ratio
from benchmarks.session import Session
from benchmarks.suites import Options
from benchmarks.suites._decode_parts import bodies, end_to_end, fan_out, slow
from benchmarks.suites._race import Race
from benchmarks.timing import Times


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    with Session() as session:
        race = Race(session, options.sizes)
        generate(session.folder)
        fetched = [part(race, options) for part in (end_to_end, bodies, slow, fan_out)]
        decoded = _decoding(session.folder, options)
    return Report(
        parts=[_payloads(race.written), *fetched, decoded],
        missing=session.missing,
        packages=["currents-async", *session.packages],
    )


def _payloads(written: dict[str, Payload]) -> Part:
    columns: list[tuple[str, Callable[[Payload], str]]] = [
        ("elements", lambda one: str(one.count)),
        ("gzip kB", lambda one: number(one.gzip / 1e3, 0)),
        ("JSON kB", lambda one: number(one.json / 1e3, 0)),
    ]
    title = "Payloads (a fan-out also fetches the instances of its run)"
    return Part(
        tables=[table(title, written, columns, "path")],
        measured={"payloads": written},
        notes=[
            "the generated client is served its enums in lower case: it refuses the samples' own",
            "the floors hand over no specs; all others handed over every one, or this had aborted",
        ],
    )


def _decoding(folder: Path, options: Options) -> Part:
    found = decoding.measure(folder, options.rounds, options.scale)

    def middle(way: str) -> Callable[[Times], str]:
        return lambda ways: number(median(ways[way]) * 1e3 if way in ways else None)

    def ratios(one: str, other: str) -> Callable[[Times], str]:
        return lambda ways: number(ratio(ways.get(one), ways.get(other)), 2, "x")

    shown = table(
        "Decoding alone, CPU ms (floor: inflate + skip)",
        found,
        [
            ("floor", middle(FLOOR)),
            ("whole", middle(WHOLE)),
            ("stream", middle(STREAM)),
            ("narrow", middle(NARROW)),
            ("s / w", ratios(STREAM, WHOLE)),
            ("s / f", ratios(STREAM, FLOOR)),
            ("n / f", ratios(NARROW, FLOOR)),
        ],
    )
    run, cypress = (found[decoding.GZIP.format(p)] for p in (payloads.RUN, payloads.CYPRESS))
    to_floor = "gz to Structs, x inflate + skip"
    reach = [
        at_most("streaming CPU, x whole body", ratio(run[STREAM], run[WHOLE]), 1.05, "x"),
        at_most(f"{to_floor}: Playwright", ratio(run[STREAM], run[FLOOR]), 2.5, "x"),
        at_most(f"{to_floor}: Cypress", ratio(cypress[STREAM], cypress[FLOOR]), 1.6, "x"),
        at_most(f"{to_floor}: two fields", ratio(run[NARROW], run[FLOOR]), 1.3, "x"),
        *(
            at_most(f"{name}, x whole body", ratio(ways[STREAM], ways[WHOLE]), 2, "x")
            for name, ways in found.items()
            if name.startswith(HOSTILE.format(""))
        ),
    ]
    slowest = max(run[FLOOR]) / min(run[FLOOR])  # it does the same work in each round
    noise = (
        f"the slowest round of inflate + skip took {slowest:.2f} times the CPU of the fastest: far "
        "above 1.1, the machine had other things to do"
    )
    return Part([shown], reach, {"decoding": found}, [noise])
