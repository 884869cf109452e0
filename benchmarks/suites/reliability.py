"""What is promised of a service that fails, throttles, lies or is down, and of large fan-outs."""

from itertools import product
from typing import get_args

import msgspec

from benchmarks import payloads
from benchmarks.processes import Failed
from benchmarks.report import Column, Part, Report, at_most, table
from benchmarks.results import Results, value
from benchmarks.server import Bombs, Fake, Filling
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.suites._fan_outs import CLIENT, WAYS, failures, limit, raised, speed
from benchmarks.worker import Order, Sample

_METHODS = {
    "get": Case("currents:get", "runs/r"),
    "stream": Case("currents:stream", "runs/r"),
    "instance": Case("currents:get", "instances/r"),
}
_QUOTA = 35
"""Retries that a client can afford while nothing succeeds."""
_STALL, _BUSY = value("stall", 1e3), value("busy", 1e3)
_PEAK = value("peak", 1 / 1024**2)


class _Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked of the client."""

    instances: int = 300
    """Of the run that is fanned out over against failures and against a rate limit."""
    ways: int = len(WAYS)
    bulk: int = 3000
    """Instances of the run whose memory and speed are measured."""
    bombs: tuple[tuple[Filling, str], ...] = tuple(product(get_args(Filling), _METHODS))
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
            _bombs(session, sizes),
            _outages(session, sizes),
        ]
    parts[0].measured["sizes"] = sizes
    return session.report(parts, "uvloop")


def _bombs(session: Session, sizes: _Sizes) -> Part:
    """Have many calls at once each get a body that inflates without end, in a new process."""
    found: dict[str, Sample] = {}
    for filling, method in sizes.bombs:
        session.serve(Bombs(filling=filling, size=sizes.inflated))
        order = Order(warm="runs/r", calls=sizes.at_once, memory=True)
        sample = session.ask_alone(_METHODS[method], order)
        if sum(sample.errors.values()) != sizes.at_once:
            raise Failed(f"{method} took a bomb of {filling} for a response")
        found[f"{filling}: {method}"] = sample
    title = f"{sizes.at_once} gzip bombs"
    shown = table(
        f"{title} at once, each of {sizes.inflated / 1e6:.0f} MB inflated",
        found,
        [
            Column("lag ms", _STALL),
            Column("of CPU", _BUSY),
            Column("peak MiB", _PEAK),
            Column("CPU s", value("cpu"), 2),
            Column("wall s", value("wall"), 2),
            Column("raised", raised),
        ],
    )
    worst = Results({title: list(found.values())})
    reach = [
        at_most(f"{title}: longest lag", worst.of(_STALL, max)(title), 50, " ms"),
        at_most(
            f"{title}: longest lag, by the CPU's clock", worst.of(_BUSY, max)(title), 50, " ms"
        ),
        at_most(f"{title}: peak RSS", worst.of(_PEAK, max)(title), 192, " MiB"),
    ]
    note = "bombs: 1 MB of gzip for each GB; all calls must have raised, or this had aborted"
    return Part([shown], reach, {"bombed": found}, [note])


def _outages(session: Session, sizes: _Sizes) -> Part:
    """Make many calls while the service is down, in one way after the other."""
    ids = ",".join(f"instance-{number}" for number in range(sizes.calls))
    case = CLIENT._replace(path=f"instances/{ids}")
    found: dict[str, Sample] = {}
    for kind in sizes.outages:
        session.serve(Fake(specs=1, failures=[kind], share=1.0))
        found[kind] = session.ask(case, Order(calls=1))
    most = max(one.requests for one in found.values())
    shown = table(
        f"{sizes.calls} calls while the service is down",
        found,
        [
            Column("requests", value("requests"), 0),
            Column("errors", lambda one: sum(one.errors.values()), 0),
            Column("wall s", value("wall"), 2),
        ],
    )
    reach = at_most(f"service down, {sizes.calls} calls: requests", most, sizes.calls + _QUOTA)
    return Part([shown], [reach], {"outages": found})
