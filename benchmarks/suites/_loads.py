"""The parts of the suite `reliability` in which every call fails: bombs and outages."""

from collections.abc import Callable, Iterable

import msgspec

from benchmarks.processes import Counts, Failed
from benchmarks.report import Part, at_most, number, table
from benchmarks.results import value
from benchmarks.services import Bombs, Fake, Filling
from benchmarks.session import Case, Session
from benchmarks.suites._fan_outs import CLIENT, ask_alone, raised
from benchmarks.worker import Order, Sample

_METHODS = {
    "get": Case("currents_get", "runs/r"),
    "stream": Case("currents_stream", "runs/r"),
    "instance": Case("currents_get", "instances/r"),
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
        case = _METHODS[method]
        order = Order(
            server=session.server.serve(Bombs(filling=filling, size=inflated)),
            path=case.path,
            warm="runs/r",
            calls=at_once,
            memory=True,
        )
        sample = found[f"{filling}: {method}"] = ask_alone(session, case, order)
        if sum(sample.errors.values()) != at_once:
            raise Failed(f"{method} took a bomb of {filling} for a response")

    def worst(read: Callable[[Sample], float | None]) -> float | None:
        values = [read(one) for one in found.values()]
        return max((value for value in values if value is not None), default=None)

    title = f"{at_once} gzip bombs"
    shown = table(
        f"{title} at once, each of {inflated / 1e6:.0f} MB inflated",
        found,
        [
            ("lag ms", lambda one: number(_STALL(one))),
            ("of CPU", lambda one: number(_BUSY(one))),
            ("peak MiB", lambda one: number(_PEAK(one))),
            ("CPU s", lambda one: number(one.cpu, 2)),
            ("wall s", lambda one: number(one.wall, 2)),
            ("raised", raised),
        ],
    )
    reach = [
        at_most(f"{title}: longest lag", worst(_STALL), 50, " ms"),
        at_most(f"{title}: longest lag, by the CPU's clock", worst(_BUSY), 50, " ms"),
        at_most(f"{title}: peak RSS", worst(_PEAK), 192, " MiB"),
    ]
    note = "bombs: 1 MB of gzip for each GB; all calls must have raised, or this had aborted"
    return Part([shown], reach, {"bombed": found}, [note])


class _Outage(msgspec.Struct, frozen=True):
    sample: Sample
    counts: Counts

    @property
    def requests(self) -> int:
        return sum(self.counts.values())


def outages(session: Session, kinds: Iterable[str], calls: int) -> Part:
    """Make many calls while the service is down, in one way after the other."""
    found: dict[str, _Outage] = {}
    for kind in kinds:
        order = Order(
            server=session.server.serve(Fake(specs=1, failures=[kind], share=1.0)),
            path="instances/" + ",".join(f"instance-{number}" for number in range(calls)),
            calls=1,
        )
        found[kind] = _Outage(session.ask(CLIENT, order), session.server.counts())
    most = max(one.requests for one in found.values())
    shown = table(
        f"{calls} calls while the service is down",
        found,
        [
            ("requests", lambda one: str(one.requests)),
            ("errors", lambda one: str(sum(one.sample.errors.values()))),
            ("wall s", lambda one: number(one.sample.wall, 2)),
        ],
    )
    reach = at_most(f"service down, {calls} calls: requests", most, calls + _QUOTA)
    return Part([shown], [reach], {"outages": found})
