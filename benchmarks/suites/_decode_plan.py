"""Who is measured on what in the suite `decode`, and what comes of it."""

from collections.abc import Sequence
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from benchmarks import micro, payloads
from benchmarks.processes import Lineup, Link
from benchmarks.races import Entry, Results

MS = 1e3
"""Milliseconds in a second."""
MB = 1 / 1e6
"""Megabytes in a byte."""
SLOW = Link(bytes_per_second=10_000_000)
FAR = Link(latency_ms=20)
FAR_AND_SLOW = Link(latency_ms=20, bytes_per_second=10_000_000)
CONCURRENCY = 32

CPU, WALL, STALL = attrgetter("cpu"), attrgetter("wall"), attrgetter("stall")
FIRST, PEAK, RETAINED = attrgetter("first"), attrgetter("peak"), attrgetter("retained")


def _on_run(contender: str, path: str = payloads.RUN) -> Entry:
    return Entry(Lineup(contender), path)


STREAM = _on_run("currents_stream")
READ = _on_run("floor_read")
JSON = _on_run("aiohttp_json")
PYDANTIC = _on_run("httpx_pydantic")
GENERATED = _on_run("generated_client", payloads.DOCUMENTED)
ENTRIES = (
    STREAM,
    _on_run("currents_each"),
    _on_run("currents_narrow"),
    _on_run("currents_get"),
    _on_run("aiohttp_msgspec"),
    _on_run("aiohttp_orjson"),
    JSON,
    _on_run("ijson_async"),
    GENERATED,
    PYDANTIC,
    _on_run("floor_skip"),
    READ,
)
BODIES = {
    "Playwright run, streamed": STREAM,
    "Playwright run, get": _on_run("currents_get"),
    "Cypress run, streamed": _on_run("currents_stream", payloads.CYPRESS),
    "Cypress run, get": _on_run("currents_get", payloads.CYPRESS),
    "typical instance": _on_run("currents_get", payloads.INSTANCE),
    "1 MB instance": _on_run("currents_get", payloads.LARGE_INSTANCE),
}


def floor_of(entry: Entry) -> Entry:
    """Return the floor of the network for the same payload."""
    return Entry(Lineup("floor_read"), entry.path)


class Measured(NamedTuple):
    """The results of all parts."""

    end_to_end: Results
    bodies: Results
    slow: Results
    dropped: Results
    kept: Results
    fan_out: Results
    decoding: micro.Times
    ideal: float
    """Seconds of the fan-out if nothing took time but the latency."""


def over(link: Link, entry: Entry) -> Entry:
    """Return the same over another link."""
    return entry._replace(lineup=entry.lineup._replace(link=link))


def fan_outs(links: Sequence[Link] = (FAR, FAR_AND_SLOW)) -> list[Entry]:
    """List all ways of the fan-out."""
    return [
        fan_out(contender, link, uvloop=uvloop)
        for link in links
        for uvloop in (False, True)
        for contender in ("currents_fanout", "fanout_read")
    ]


def fan_out(contender: str, link: Link = FAR, *, uvloop: bool = False) -> Entry:
    """Return one way of the fan-out."""
    return Entry(Lineup(contender, link, uvloop), payloads.FANOUT)


def paired(ways: dict[str, list[float]], one: str, other: str) -> float | None:
    """Return the median of the ratios within each round."""
    if one not in ways or other not in ways:
        return None
    return median(a / b for a, b in zip(ways[one], ways[other], strict=True))


def scaled(value: float | None, factor: float) -> float | None:
    """Multiply, unless there is nothing."""
    return None if value is None else value * factor
