"""What is measured in the suite `decode`."""

from typing import NamedTuple

from benchmarks import payloads
from benchmarks.results import Results, value
from benchmarks.session import Case, Link
from benchmarks.timing import Times

_MS, _MB = 1e3, 1 / 1e6
CPU, WALL, STALL, FIRST = (value(name, _MS) for name in ("cpu", "wall", "stall", "first"))
PEAK, RETAINED = value("peak", _MB), value("retained", _MB)

SLOW = Link(bytes_per_second=10_000_000)
FAR = Link(latency_ms=20)
FAR_AND_SLOW = Link(latency_ms=20, bytes_per_second=10_000_000)
CONCURRENCY = 32

STREAM = Case("currents_stream", payloads.RUN)
GET = Case("currents_get", payloads.RUN)
READ = Case("floor_read", payloads.RUN)
JSON = Case("aiohttp_json", payloads.RUN)
PYDANTIC = Case("httpx_pydantic", payloads.RUN)
GENERATED = Case("generated_client", payloads.DOCUMENTED)
END_TO_END = (
    STREAM,
    Case("currents_each", payloads.RUN),
    Case("currents_narrow", payloads.RUN),
    GET,
    Case("aiohttp_msgspec", payloads.RUN),
    Case("aiohttp_orjson", payloads.RUN),
    JSON,
    Case("ijson_async", payloads.RUN),
    GENERATED,
    PYDANTIC,
    Case("floor_skip", payloads.RUN),
    READ,
)
BODIES = {
    "Playwright run, streamed": STREAM,
    "Playwright run, get": GET,
    "Cypress run, streamed": STREAM._replace(path=payloads.CYPRESS),
    "Cypress run, get": GET._replace(path=payloads.CYPRESS),
    "typical instance": GET._replace(path=payloads.INSTANCE),
    "1 MB instance": GET._replace(path=payloads.LARGE_INSTANCE),
}
SLOW_STREAM, SLOW_READ = STREAM._replace(link=SLOW), READ._replace(link=SLOW)
FAN_OUT = Case("currents_fanout", payloads.FANOUT, FAR)
FAN_OUTS = [
    Case(contender, payloads.FANOUT, link, uvloop)
    for link in (FAR, FAR_AND_SLOW)
    for uvloop in (False, True)
    for contender in ("currents_fanout", "fanout_read")
]


def floor_of(case: Case) -> Case:
    """Return the floor of the network for the same payload."""
    return case._replace(contender="floor_read")


def is_floor(case: Case) -> bool:
    """Return whether the case hands over no elements."""
    return case.contender.startswith("floor_")


class Measured(NamedTuple):
    """The results of all parts."""

    end_to_end: Results
    bodies: Results
    slow: Results
    dropped: Results
    kept: Results
    fan_out: Results
    decoding: dict[str, Times]
    ideal: float
    """Milliseconds of the fan-out if nothing took time but the latency."""
