"""What it takes to export all runs of a project as Parquet, and how well a rate limit is used."""

from typing import NamedTuple

import msgspec

from benchmarks import payloads
from benchmarks.exporters import Task
from benchmarks.exporters._server import Counts, Size, Told
from benchmarks.exporters._worker import Order, Sample
from benchmarks.processes import Failed, Process
from benchmarks.report import Report
from benchmarks.suites import Options
from benchmarks.suites._export_tables import OURS, Limited, Measured, reach, tables
from benchmarks.worker import Hello

_CONTENDERS = (OURS, "gather_pylist", "dlt_dicts")
_FULL = Size(days=5, runs=8, specs=50)
_TINY = Size(days=2, runs=1, specs=10)
_RATE = 50
# 601 requests: the last one opens the 13th window, so an even pace can be as good as bursts.
_FULL_LIMITED = Size(days=1, runs=10, specs=59, rate=_RATE)
_TINY_LIMITED = Size(days=1, runs=1, specs=55, rate=_RATE)


class _Trial(NamedTuple):
    """An export against a limit."""

    rate: float | None = None
    """What the client is told of it beforehand."""
    told: bool = True
    """Whether the server tells."""


_TRIALS = {
    "rate given": _Trial(rate=_RATE),
    "rate found out": _Trial(),
    "found out from 429 alone": _Trial(told=False),
}

_NOTES = (
    "by hand and for dlt, moments stay the text that they come as; ours are timestamps",
    "by hand, one file is written for each table; ours are fsynced, one for each table and day",
)


def run(options: Options) -> Report:
    """Measure everything, each time in a process that has exported nothing but a small run."""
    tiny = options.sizes is payloads.TINY
    field = _Field()
    with _Service(_TINY if tiny else _FULL) as service:
        field.export(OURS, service)  # does not count: the server compresses its answers now
        rounds = [field.export_all(service) for _ in range(options.rounds)]
        warm = service.told.warm
        size = _TINY_LIMITED if tiny else _FULL_LIMITED
        limited = {name: _limit(field, size, trial, warm) for name, trial in _TRIALS.items()}
    measured = Measured(
        rows=service.told.rows,
        samples={name: [one[name] for one in rounds] for name in rounds[0]},
        limited=limited,
    )
    return Report(
        tables=tables(measured, field.labels),
        reach=reach(measured),
        missing=field.missing,
        packages=sorted(field.packages),
        measured=measured._asdict(),
        notes=_NOTES,
    )


def _limit(field: "_Field", size: Size, trial: _Trial, warm: Task) -> Limited:
    with _Service(msgspec.structs.replace(size, told=trial.told)) as service:
        sample = field.export(OURS, service, warm=warm, rate=trial.rate)
        return Limited(sample, service.counts(), _RATE)


class _Service(Process):
    """A server in a process of its own, with a world to export."""

    def __init__(self, size: Size) -> None:
        super().__init__("benchmarks.exporters._server", msgspec.json.encode(size).decode())
        self.told = msgspec.json.decode(self.read(), type=Told)

    def counts(self) -> Counts:
        """Return the requests since the last time, by the status of their answers."""
        return msgspec.json.decode(self.ask(b"counts"), type=Counts)


class _Missing(Exception):  # noqa: N818 - what happened
    """A contender cannot take part."""


class _Field:
    """Those who have taken part, and those who could not."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.packages: set[str] = set()
        self.missing: dict[str, str] = {}

    def export_all(self, service: _Service) -> dict[str, Sample]:
        """Have each contender export, one after the other; leave out those who cannot."""
        found = {}
        for name in _CONTENDERS:
            if name not in self.missing:
                try:
                    found[name] = self.export(name, service)
                except _Missing as missing:
                    self.missing[name] = f"{missing} is not installed"
        return found

    def export(
        self, name: str, service: _Service, *, warm: Task | None = None, rate: float | None = None
    ) -> Sample:
        """Have a contender export once, in a new process.

        Raises `Failed` unless its files have exactly as many rows as the world.
        """
        told = service.told
        order = Order(task=msgspec.structs.replace(told.task, rate=rate), warm=warm or told.warm)
        with Process("benchmarks.exporters._worker", name) as process:
            self._greet(name, process.read())
            answer = process.ask(msgspec.json.encode(order))
        if not answer:
            raise Failed(f"{name} failed")
        sample = msgspec.json.decode(answer, type=Sample)
        if sample.rows != told.rows:
            raise Failed(f"{name} wrote {sample.rows} instead of {told.rows}")
        return sample

    def _greet(self, name: str, line: bytes) -> None:
        if not line:
            raise Failed(f"{name} did not start")
        hello = msgspec.json.decode(line, type=Hello)
        if hello.missing is not None:
            raise _Missing(hello.missing)
        self.labels[name] = hello.label
        self.packages.update(hello.packages)
