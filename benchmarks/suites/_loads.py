"""The parts of the suite `reliability` in which every call fails: bombs and outages."""

from collections.abc import Iterable

from benchmarks.processes import Failed
from benchmarks.report import Column, Part, at_most, table
from benchmarks.results import Results, value
from benchmarks.server import Bombs, Fake, Filling
from benchmarks.session import Case, Session
from benchmarks.suites._fan_outs import CLIENT, raised
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


def bombs(
    session: Session, kinds: Iterable[tuple[Filling, str]], at_once: int, inflated: int
) -> Part:
    """Have many calls at once each get a body that inflates without end, in a new process."""
    found: dict[str, Sample] = {}
    for filling, method in kinds:
        session.serve(Bombs(filling=filling, size=inflated))
        order = Order(warm="runs/r", calls=at_once, memory=True)
        sample = session.ask_alone(_METHODS[method], order)
        if sum(sample.errors.values()) != at_once:
            raise Failed(f"{method} took a bomb of {filling} for a response")
        found[f"{filling}: {method}"] = sample
    title = f"{at_once} gzip bombs"
    shown = table(
        f"{title} at once, each of {inflated / 1e6:.0f} MB inflated",
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


def outages(session: Session, kinds: Iterable[str], calls: int) -> Part:
    """Make many calls while the service is down, in one way after the other."""
    ids = ",".join(f"instance-{number}" for number in range(calls))
    case = CLIENT._replace(path=f"instances/{ids}")
    found: dict[str, Sample] = {}
    for kind in kinds:
        session.serve(Fake(specs=1, failures=[kind], share=1.0))
        found[kind] = session.ask(case, Order(calls=1))
    most = max(one.requests for one in found.values())
    shown = table(
        f"{calls} calls while the service is down",
        found,
        [
            Column("requests", value("requests"), 0),
            Column("errors", lambda one: sum(one.errors.values()), 0),
            Column("wall s", value("wall"), 2),
        ],
    )
    reach = at_most(f"service down, {calls} calls: requests", most, calls + _QUOTA)
    return Part([shown], [reach], {"outages": found})
