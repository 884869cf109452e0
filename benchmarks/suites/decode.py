"""A run at the limit of the wire, end to end and in parts."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks import payloads
from benchmarks.payloads import Payload
from benchmarks.plot import draw
from benchmarks.report import Column, Part, Report, at_least, at_most, table
from benchmarks.results import Results, value
from benchmarks.session import Case, Session, raw
from benchmarks.suites import Options
from benchmarks.suites._decoding import decoding
from benchmarks.worker import Sample

_CPU, _WALL, _STALL, _FIRST = (value(name, 1e3) for name in ("cpu", "wall", "stall", "first"))
_PEAK, _RETAINED, _ABOVE = (value(name, 1e-6) for name in ("peak", "retained", "above"))

_STREAM = Case("currents:stream", payloads.RUN)
_EACH = Case("currents:each", payloads.RUN)
_GET = Case("currents:get", payloads.RUN)
_BY_HAND = Case("by_hand:get", payloads.RUN)
_READ = Case("floor_read", payloads.RUN)
_JSON = Case("aiohttp_json", payloads.RUN)
_PYDANTIC = Case("httpx_pydantic", payloads.RUN)
_GENERATED = Case("generated_client", payloads.DOCUMENTED)
_DOCUMENT = Path(__file__).parents[2] / "docs/api/openapi-runs-instances.json"
CONTENDERS = (
    _STREAM,
    _EACH,
    Case("currents:narrow", payloads.RUN),
    _GET,
    _BY_HAND,
    Case("aiohttp_msgspec", payloads.RUN),
    Case("aiohttp_orjson", payloads.RUN),
    _JSON,
    Case("ijson_async", payloads.RUN),
    _GENERATED,
    _PYDANTIC,
    Case("floor_skip", payloads.RUN),
    _READ,
)


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    with Session() as session:
        written = payloads.write(session.folder, options.sizes)
        _generate(session.folder)
        session.serve_files(written)
        parts = [
            _payloads(written),
            _end_to_end(session, options),
            _by_hand(session, options),
            _bodies(session, options),
            _slow(session, options),
            _fan_out(session, options, written[payloads.FANOUT].count),
            decoding(session.folder, options),
        ]
    return session.report(parts, "currents-async")


def _generate(folder: Path) -> None:
    """Write openapi-python-client's package `generated`; do nothing without the generator."""
    if find_spec("openapi_python_client") is None:
        return
    config = folder / "openapi-python-client.json"
    config.write_text('{"post_hooks": []}')  # what it looks like is of no interest
    subprocess.run(  # noqa: S603 - a fixed command
        [
            *(sys.executable, "-c", "from openapi_python_client.cli import app; app()"),
            *("generate", "--path", str(_DOCUMENT), "--config", str(config)),
            *("--output-path", str(folder / "generated"), "--meta", "none", "--overwrite"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _payloads(written: dict[str, Payload]) -> Part:
    title = "Payloads (a fan-out also fetches the instances of its run)"
    columns = [
        Column[Payload]("elements", lambda one: one.count, 0),
        Column[Payload]("gzip kB", lambda one: one.gzip / 1e3, 0),
        Column[Payload]("JSON kB", lambda one: one.json / 1e3, 0),
    ]
    return Part(
        tables=[table(title, written, columns, "path")],
        measured={"payloads": written},
        notes=[
            "the generated client is served its enums in lower case: it refuses the samples' own",
            "the floors hand over no specs; all others handed over every one, or this had aborted",
        ],
    )


def _end_to_end(session: Session, options: Options) -> Part:
    """Fetch a run in every way there is."""
    timed = session.run(CONTENDERS, options.rounds)
    weighed = CONTENDERS if options.everything else [_STREAM]
    dropped = session.weigh(weighed, options.weighings, "nothing")
    kept = session.weigh(weighed, options.weighings, "everything")
    rows, to_ours = session.rows(timed), timed.ratio(_CPU, _STREAM)
    title = "CPU to fetch and decode one large run, as a multiple of currents_async stream"
    bars = {label: to_ours(case) or 0 for label, case in rows.items()}
    shown = table(
        "Playwright run at the wire limit, end to end (peak: specs dropped; kept: specs kept)",
        rows,
        [
            *_columns(timed, "CPU"),
            Column("x ours", to_ours, 2, "x"),
            *_columns(timed, "wall", "stall", "first"),
            Column("peak MB", dropped.of(_PEAK)),
            Column("kept MB", kept.of(_PEAK)),
            Column("of it", kept.of(_RETAINED)),
        ],
    )
    to_stream = "end-to-end CPU, {} against stream"
    reach = [
        at_least(to_stream.format("generated client"), to_ours(_GENERATED), 8, "x"),
        at_least(to_stream.format("httpx + pydantic"), to_ours(_PYDANTIC), 8, "x"),
        at_least(to_stream.format("resp.json()"), to_ours(_JSON), 2.7, "x"),
        at_most("first spec after the response starts", timed.of(_FIRST)(_STREAM), 2, " ms"),
        at_most("peak RSS, specs dropped", dropped.of(_PEAK)(_STREAM), 2.5, " MB"),
        at_most("peak RSS above retained, specs kept", kept.of(_ABOVE)(_STREAM), 1, " MB"),
    ]
    measured = {"end_to_end": raw(timed), "dropped": raw(dropped), "kept": raw(kept)}
    return Part([shown], reach, measured, chart=draw(title, bars, ours="currents"))


def _by_hand(session: Session, options: Options) -> Part:
    """Fetch a run in our ways and by hand, its specs dropped as they come, and kept."""
    bounds = {_GET: (0.9, 0.9), _EACH: (0.95, 1.0), _STREAM: (0.88, 0.88)}
    """Of specs that are dropped, and kept."""
    cases = [*bounds, _BY_HAND]
    dropped = session.run(cases, options.rounds)
    kept = session.run(cases, options.rounds, "everything")
    shown = table(
        "Playwright run beside the client written by hand, specs dropped and kept",
        session.rows(dropped),
        [
            Column("CPU ms", dropped.of(_CPU)),
            Column("x by hand", dropped.ratio(_CPU, _BY_HAND), 2, "x"),
            Column("kept ms", kept.of(_CPU)),
            Column("x by hand", kept.ratio(_CPU, _BY_HAND), 2, "x"),
            Column("stall ms", dropped.of(_STALL)),
        ],
    )
    reach = [
        at_most(
            f"CPU of a run, x by hand: {session.contenders[case.contender].LABEL}, {what}",
            found.ratio(_CPU, _BY_HAND)(case),
            bound,
            "x",
        )
        for case, both in bounds.items()
        for what, found, bound in zip(("dropped", "kept"), (dropped, kept), both, strict=True)
    ]
    return Part([shown], reach, {"by_hand": {"dropped": raw(dropped), "kept": raw(kept)}})


def _columns(found: Results[Case, Sample], *times: str) -> list[Column[Case]]:
    return [Column(f"{time} ms", found.of(value(time.lower(), 1e3))) for time in times]


def _bodies(session: Session, options: Options) -> Part:
    """Fetch bodies of all kinds, and look at the loop."""
    cases = {
        "Playwright run, streamed": _STREAM,
        "Playwright run, get": _GET,
        "Cypress run, streamed": _STREAM._replace(path=payloads.CYPRESS),
        "Cypress run, get": _GET._replace(path=payloads.CYPRESS),
        "typical instance": _GET._replace(path=payloads.INSTANCE),
        "1 MB instance": _GET._replace(path=payloads.LARGE_INSTANCE),
        "1 MB instance, schema 2": _GET._replace(path=payloads.LARGE_SCHEMA_2),
    }
    floors = {case: _READ._replace(path=case.path) for case in cases.values()}
    # Kept: to free a whole run takes milliseconds, but when, is up to the caller.
    todo = dict.fromkeys([*floors, *floors.values()])
    found = session.run(todo, options.rounds, "everything")
    stall = found.of(_STALL)
    shown = table(
        "Longest loop stall, by body, everything kept",
        cases,
        [
            Column("ours ms", stall, 2),
            Column("of CPU", found.of(value("busy", 1e3)), 2),
            Column("raw read() ms", lambda case: stall(floors[case]), 2),
            *_columns(found, "CPU", "wall"),
        ],
    )
    reach = []
    for name, case in cases.items():
        excess = (stall(case) or 0) - (stall(floors[case]) or 0)
        reach.append(at_most(f"stall above raw read(): {name}", excess, 1, " ms"))
    return Part([shown], reach, {"bodies": raw(found)})


def _slow(session: Session, options: Options) -> Part:
    """Fetch a run over a slow link."""
    ours, read = (case._replace(bytes_per_second=10_000_000) for case in (_STREAM, _READ))
    found = session.run([ours, read], options.rounds)
    shown = table(
        "Playwright run at 10 MB/s",
        session.rows(found),
        _columns(found, "wall", "CPU", "stall", "first"),
    )
    to_read = found.ratio(_WALL, read)(ours)
    reach = at_most("wall at 10 MB/s, x raw read()", to_read, 1.01, "x")
    return Part([shown], [reach], {"slow": raw(found)})


def _fan_out(session: Session, options: Options, count: int) -> Part:
    """Fetch all instances of a run over a long link."""
    latency, concurrency = 20, 32
    ideal = count / concurrency * latency
    ours = Case("currents:fan_out", payloads.FANOUT, latency)
    read, by_hand = (ours._replace(contender=name) for name in ("fanout_read", "by_hand:fan_out"))
    fast = ours._replace(uvloop=True)
    cases = [
        one._replace(bytes_per_second=speed, uvloop=uvloop)
        for speed in ([0, 10_000_000] if options.everything else [0])
        for uvloop in (False, True)
        for one in (ours, by_hand, read)
    ]
    found = session.run(cases, max(1, options.rounds // 2))

    def label(case: Case) -> str:
        speed = "10 MB/s" if case.bytes_per_second else "full speed"
        name = session.contenders[case.contender].LABEL
        return f"{name}, {speed}{', uvloop' if case.uvloop else ''}"

    to_ideal, stall = found.of(value("wall", 1e3 / ideal)), found.of(_STALL)
    shown = table(
        f"Fan-out: {count} instances at {latency} ms, {concurrency} at once; ideal {ideal:.0f} ms",
        {label(case): case for case in found},
        [
            Column("wall ms", found.of(_WALL)),
            Column("x ideal", to_ideal, 2, "x"),
            Column("CPU ms a request", found.of(value("cpu", 1e3 / (1 + count))), 3),
            Column("stall ms", stall),
        ],
    )
    reach = [
        at_most("fan-out wall, x ideal", to_ideal(ours), 1.2, "x"),
        at_most("fan-out wall, x ideal, uvloop", to_ideal(fast), 1.15, "x"),
        at_most("fan-out CPU, x by hand", found.ratio(_CPU, by_hand)(ours), 1.12, "x"),
        at_most("fan-out CPU, x bare read()", found.ratio(_CPU, read)(ours), 2.2, "x"),
        at_most("fan-out stall, results dropped", stall(ours), 10, " ms"),
    ]
    return Part([shown], reach, {"fan_out": raw(found), "ideal": ideal})
