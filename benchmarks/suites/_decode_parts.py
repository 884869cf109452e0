"""The parts of the suite `decode` that fetch something."""

from benchmarks import payloads
from benchmarks.plot import draw
from benchmarks.report import Part, at_least, at_most, table
from benchmarks.results import value
from benchmarks.session import Case, Link
from benchmarks.suites import Options
from benchmarks.suites._race import Race

_CPU, _WALL, _STALL, _FIRST = (value(name, 1e3) for name in ("cpu", "wall", "stall", "first"))
_PEAK, _RETAINED, _ABOVE = (value(name, 1e-6) for name in ("peak", "retained", "above"))

_STREAM = Case("currents_stream", payloads.RUN)
_GET = Case("currents_get", payloads.RUN)
_READ = Case("floor_read", payloads.RUN)
_JSON = Case("aiohttp_json", payloads.RUN)
_PYDANTIC = Case("httpx_pydantic", payloads.RUN)
_GENERATED = Case("generated_client", payloads.DOCUMENTED)
CONTENDERS = (
    _STREAM,
    Case("currents_each", payloads.RUN),
    Case("currents_narrow", payloads.RUN),
    _GET,
    Case("aiohttp_msgspec", payloads.RUN),
    Case("aiohttp_orjson", payloads.RUN),
    _JSON,
    Case("ijson_async", payloads.RUN),
    _GENERATED,
    _PYDANTIC,
    Case("floor_skip", payloads.RUN),
    _READ,
)


def end_to_end(race: Race, options: Options) -> Part:
    """Fetch a run in every way there is."""
    timed = race.run(CONTENDERS, options.rounds)
    weighed = CONTENDERS if options.everything else [_STREAM]
    dropped = race.weigh(weighed, options.weighings, "nothing")
    kept = race.weigh(weighed, options.weighings, "everything")
    labels = {race.session.labels[case.contender]: case for case in CONTENDERS if case in timed}
    title = "CPU to fetch and decode one large run, as a multiple of currents_async stream"
    bars = {label: timed.ratio(case, _STREAM, _CPU) or 0 for label, case in labels.items()}
    shown = table(
        "Playwright run at the wire limit, end to end (peak: specs dropped; kept: specs kept)",
        labels,
        [
            ("CPU ms", timed.cells(_CPU)),
            ("x ours", timed.ratios(_STREAM, _CPU)),
            ("wall ms", timed.cells(_WALL)),
            ("stall ms", timed.cells(_STALL)),
            ("first ms", timed.cells(_FIRST)),
            ("peak MB", dropped.cells(_PEAK)),
            ("kept MB", kept.cells(_PEAK)),
            ("of it", kept.cells(_RETAINED)),
        ],
    )
    others = {
        "generated client": (_GENERATED, 8),
        "httpx + pydantic": (_PYDANTIC, 8),
        "resp.json()": (_JSON, 2.7),
    }
    reach = [
        at_least(f"end-to-end CPU, {name} against stream", timed.ratio(case, _STREAM, _CPU), x, "x")
        for name, (case, x) in others.items()
    ]
    reach += [
        at_most("first spec after the response starts", timed.median(_STREAM, _FIRST), 2, " ms"),
        at_most("peak RSS, specs dropped", dropped.median(_STREAM, _PEAK), 2.5, " MB"),
        at_most("peak RSS above retained, specs kept", kept.median(_STREAM, _ABOVE), 1, " MB"),
    ]
    measured = {"end_to_end": timed.raw(), "dropped": dropped.raw(), "kept": kept.raw()}
    return Part([shown], reach, measured, chart=draw(title, bars, ours="currents"))


def bodies(race: Race, options: Options) -> Part:
    """Fetch bodies of all kinds, and look at the loop."""
    cases = {
        "Playwright run, streamed": _STREAM,
        "Playwright run, get": _GET,
        "Cypress run, streamed": _STREAM._replace(path=payloads.CYPRESS),
        "Cypress run, get": _GET._replace(path=payloads.CYPRESS),
        "typical instance": _GET._replace(path=payloads.INSTANCE),
        "1 MB instance": _GET._replace(path=payloads.LARGE_INSTANCE),
    }
    floors = {case: _READ._replace(path=case.path) for case in cases.values()}
    todo = [*cases.values(), *dict.fromkeys(floors.values())]
    # Kept: to free a whole run takes milliseconds, but when, is up to the caller.
    found = race.run(todo, options.rounds, "everything")
    stall = found.cells(_STALL, 2)
    shown = table(
        "Longest loop stall, by body, everything kept",
        cases,
        [
            ("ours ms", stall),
            ("raw read() ms", lambda case: stall(floors[case])),
            ("CPU ms", found.cells(_CPU)),
            ("wall ms", found.cells(_WALL)),
        ],
    )
    reach = []
    for name, case in cases.items():
        excess = found.excess(case, floors[case], _STALL)
        reach.append(at_most(f"stall above raw read(): {name}", excess, 1, " ms"))
    return Part([shown], reach, {"bodies": found.raw()})


def slow(race: Race, options: Options) -> Part:
    """Fetch a run over a slow link."""
    link = Link(bytes_per_second=10_000_000)
    ours, read = _STREAM._replace(link=link), _READ._replace(link=link)
    found = race.run([ours, read], options.rounds)
    shown = table(
        "Playwright run at 10 MB/s",
        {race.session.labels[case.contender]: case for case in (ours, read)},
        [
            ("wall ms", found.cells(_WALL)),
            ("CPU ms", found.cells(_CPU)),
            ("stall ms", found.cells(_STALL)),
            ("first ms", found.cells(_FIRST)),
        ],
    )
    reach = at_most("wall at 10 MB/s, x raw read()", found.ratio(ours, read, _WALL), 1.01, "x")
    return Part([shown], [reach], {"slow": found.raw()})


def fan_out(race: Race, options: Options) -> Part:
    """Fetch all instances of a run over a long link."""
    latency, concurrency = 20, 32
    count = race.written[payloads.FANOUT].count
    ideal = count / concurrency * latency
    links = [Link(latency), Link(latency, 10_000_000)][: 2 if options.everything else 1]
    ours = Case("currents_fanout", payloads.FANOUT, links[0])
    fast, read = ours._replace(uvloop=True), ours._replace(contender="fanout_read")
    cases = [
        one._replace(link=link, uvloop=uvloop)
        for link in links
        for uvloop in (False, True)
        for one in (ours, read)
    ]
    found = race.run(cases, max(1, options.rounds // 2))

    def label(case: Case) -> str:
        speed = "10 MB/s" if case.link.bytes_per_second else "full speed"
        name = race.session.labels[case.contender]
        return f"{name}, {speed}{', uvloop' if case.uvloop else ''}"

    to_ideal = value("wall", 1e3 / ideal)
    shown = table(
        f"Fan-out: {count} instances at {latency} ms, {concurrency} at once; ideal {ideal:.0f} ms",
        {label(case): case for case in cases if case in found},
        [
            ("wall ms", found.cells(_WALL)),
            ("x ideal", found.cells(to_ideal, 2, "x")),
            ("CPU ms a request", found.cells(value("cpu", 1e3 / (1 + count)), 3)),
            ("stall ms", found.cells(_STALL)),
        ],
    )
    reach = [
        at_most("fan-out wall, x ideal", found.median(ours, to_ideal), 1.25, "x"),
        at_most("fan-out wall, x ideal, uvloop", found.median(fast, to_ideal), 1.2, "x"),
        at_most("fan-out CPU, x bare read()", found.ratio(ours, read, _CPU), 2.2, "x"),
        at_most("fan-out stall, results dropped", found.median(ours, _STALL), 10, " ms"),
    ]
    return Part([shown], reach, {"fan_out": found.raw(), "ideal": ideal})
