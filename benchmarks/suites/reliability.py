"""What is promised of a service that fails, throttles, lies or is down, and of large fan-outs."""

from itertools import product

import msgspec

from benchmarks import payloads
from benchmarks.report import Report
from benchmarks.server import Filling
from benchmarks.session import Session
from benchmarks.suites import Options
from benchmarks.suites._fan_outs import WAYS, failures, limit, speed
from benchmarks.suites._loads import bombs, outages

_FILLINGS: tuple[Filling, ...] = ("zeros", "whitespace", "string", "objects", "list")


class _Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked of the client."""

    instances: int = 300
    """Of the run that is fanned out over against failures and against a rate limit."""
    ways: int = len(WAYS)
    bulk: int = 3000
    """Instances of the run whose memory and speed are measured."""
    bombs: tuple[tuple[Filling, str], ...] = tuple(
        product(_FILLINGS, ("get", "stream", "instance"))
    )
    at_once: int = 16
    inflated: int = 1_000_000_000
    """Bytes of a bomb."""
    calls: int = 3000
    """To a service that is down."""
    outages: tuple[str, ...] = ("503", "reset", "closed")


_TINY = _Sizes(
    instances=12,
    ways=1,
    bulk=40,
    bombs=(("whitespace", "get"),),
    at_once=2,
    inflated=64_000_000,
    calls=60,
    outages=("503",),
)


def run(options: Options) -> Report:
    """Measure everything, one part after the other."""
    sizes = _TINY if options.sizes is payloads.TINY else _Sizes()
    few = max(1, options.rounds // 5)
    with Session() as session:
        parts = [
            failures(session, sizes.ways, sizes.instances, few),
            limit(session, sizes.instances, few),
            speed(session, sizes.bulk, options),
            bombs(session, sizes.bombs, sizes.at_once, sizes.inflated),
            outages(session, sizes.outages, sizes.calls),
        ]
    parts[0].measured["sizes"] = sizes
    return session.report(parts, "uvloop")
