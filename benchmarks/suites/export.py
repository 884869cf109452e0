"""What it takes to export all runs of a project as Parquet, and how well a rate limit is used."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from msgspec.structs import asdict, replace

from benchmarks import payloads
from benchmarks.contenders._api import TABLES
from benchmarks.processes import Failed, Process
from benchmarks.report import Column, Part, Reach, Report, at_least, at_most, table
from benchmarks.results import Results, value
from benchmarks.server import Fake
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.worker import Order, Sample

_OURS = Case("currents_export", "project")
_OTHERS = {
    "by hand": Case("gather_pylist", "project"),
    "dlt, fed with dicts": Case("dlt_dicts", "project"),
}
_FULL = Fake(days=5, runs=8, specs=50)
_TINY = Fake(days=2, specs=10)
_RATE = 50
_WINDOW = 1.0
"""Seconds until the server has forgotten what the warm-up took of the limit."""
# 601 requests: the last one opens the 13th window, so an even pace can be as good as bursts.
_FULL_LIMITED = Fake(runs=10, specs=59, rate=_RATE)
_TINY_LIMITED = Fake(specs=55, rate=_RATE)
_LIMITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "rate given": ({}, {"rate": _RATE}),
    "rate found out": ({}, {}),
    "found out from 429 alone": ({"says_rate": False}, {}),
    "found out, token bucket of 20": ({"burst": 20}, {}),
}
"""What the server does otherwise, and the client."""

_MEASURED = (
    ("CPU", value("cpu"), " s", 2),
    ("wall", value("wall"), " s", 2),
    ("peak", value("peak", 1 / 1024**2), " MiB", 1),
)
_REACH = (1.15, 1.1, 2.2)
_NOTES = (
    "by hand and for dlt, moments stay the text that they come as; ours are timestamps",
    "by hand, one file is written for each table; ours are fsynced, one for each table and day",
)


class _Exported(Sample, kw_only=True):
    rows: dict[str, int]
    """By table, in the files."""

    @property
    def succeeded(self) -> int:
        """How many requests succeeded."""
        return self.counts["200"]

    burst: int | None = None
    """Of the token bucket that it was limited by, if it was."""

    @property
    def least(self) -> float:
        """The seconds that no client can be faster than: windows begin with a request."""
        if self.burst is not None:
            return (self.succeeded - self.burst) / _RATE
        return (self.succeeded - 1) // _RATE

    @property
    def times_least(self) -> float:
        """How many times as long it took."""
        return self.wall / self.least


class _Project(NamedTuple):
    """What is exported."""

    size: Fake
    path: str
    small: str
    """A small project, to warm up with."""
    rows: dict[str, int]
    """By table."""


def run(options: Options) -> Report:
    """Measure everything, each time in a process that has exported nothing but a small run."""
    is_tiny = options.sizes is payloads.TINY
    with Session() as session:
        project = _serve(session, _TINY if is_tiny else _FULL)
        _export(session, _OURS, project)  # does not count: the server compresses its responses now
        found: dict[Case, list[_Exported]] = {
            case: [] for case in session.start([_OURS, *_OTHERS.values()])
        }
        for _ in range(options.rounds):
            for case, ones in found.items():
                ones.append(_export(session, case, project))
        size = _TINY_LIMITED if is_tiny else _FULL_LIMITED
        limited = {
            name: _export(session, _OURS, _serve(session, replace(size, **changes)), more)
            for name, (changes, more) in _LIMITS.items()
        }
    parts = [_of_results(session, Results(found), project.rows), _of_limits(limited)]
    return session.report(parts)


def _serve(session: Session, size: Fake) -> _Project:
    _, bulk, small = size.fill()
    runs = bulk.runs
    instances = [run.instance(index) for run in runs for index in range(len(run.specs))]
    tests = [test for instance in instances for test in instance["results"]["tests"]]
    attempts = sum(len(test["attempts"]) for test in tests)
    counts = (len(runs), len(instances), len(tests), attempts)
    session.serve(size)
    path, small_path = (f"projects/{one.project_id}" for one in (bulk, small))
    return _Project(size, path, small_path, dict(zip(TABLES, counts, strict=True)))


def _export(
    session: Session, case: Case, project: _Project, options: dict[str, Any] | None = None
) -> _Exported:
    """Export once, in a new process.

    Raises `Failed` unless its files have exactly as many rows as the world.
    """
    with session.alone(case) as process:
        _fetch(session, process, case._replace(path=project.small), project, {})
        if project.size.rate is not None:
            time.sleep(_WINDOW)
        case = case._replace(path=project.path)
        exported = _fetch(session, process, case, project, options or {})
    if exported.rows != project.rows:
        raise Failed(f"{case.contender} wrote {exported.rows} instead of {project.rows}")
    return exported


def _fetch(
    session: Session, process: Process, case: Case, project: _Project, options: dict[str, Any]
) -> _Exported:
    with TemporaryDirectory() as folder:
        arguments = {"folder": folder, "days": project.size.days, **options}
        sample = session.ask(case, Order(options=arguments, memory=True), process)
        rows = {table: _count_rows(folder, table) for table in TABLES}
        return _Exported(**asdict(sample), rows=rows, burst=project.size.burst)


def _count_rows(folder: str, table: str) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - the contenders have it

    found = Path(folder).glob(f"**/{table}/**/*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in found)


def _of_results(session: Session, results: Results[Case, _Exported], rows: dict[str, int]) -> Part:
    count = rows["tests"] + rows["attempts"]
    title = (
        f"Export of {rows['specs']} instances in {rows['runs']} runs as Parquet: "
        f"{rows['tests']} tests, {rows['attempts']} attempts"
    )
    columns: list[Column[Case]] = []
    for name, read, unit, digits in _MEASURED:
        columns.append(Column(name + unit, results.of(read), digits))
        columns.append(Column("x ours", results.ratio(read, _OURS), 2, "x"))
    columns.append(Column("rows/s", results.of(lambda one: count / one.wall), 0))
    columns.append(Column("rows/CPU s", results.of(lambda one: count / one.cpu), 0))
    reach = [
        at_least(
            f"{label}: {name} of an export, x ours", results.ratio(read, _OURS)(case), bound, "x"
        )
        for label, case in _OTHERS.items()
        for (name, read, _, _), bound in zip(_MEASURED, _REACH, strict=True)
    ]
    measured = {"rows": rows, "samples": {case.contender: ones for case, ones in results.items()}}
    return Part([table(title, session.rows(results), columns)], reach, measured, _NOTES)


def _of_limits(found: dict[str, _Exported]) -> Part:
    shown = table(
        "Export against a limit of requests in each second",
        found,
        [
            Column("limit", lambda _: _RATE, 0),
            Column("requests", value("succeeded"), 0),
            Column("429 %", value("throttled")),
            Column("least s", value("least")),
            Column("wall s", value("wall"), 2),
            Column("x least", value("times_least"), 2, "x"),
        ],
    )
    reach: list[Reach] = []
    for name, one in found.items():
        title = f"{_RATE} per second, {name}"
        reach.append(at_most(f"{title}: wall, x the least", one.times_least, 1.1, "x"))
        reach.append(at_most(f"{title}: responses that are 429", one.throttled, 5, " %"))
    return Part([shown], reach, {"limited": found})
