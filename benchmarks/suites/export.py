"""What it takes to export all runs of a project as Parquet, and how well a rate limit is used."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from benchmarks import payloads
from benchmarks.processes import Counts, Failed, Process
from benchmarks.report import Part, Report, at_least, at_most, number, table
from benchmarks.results import Results, value
from benchmarks.services import Fake, new_world
from benchmarks.session import Case, Session
from benchmarks.suites import Options
from benchmarks.worker import Order, Sample

_OURS = Case("currents_export", "project")
_OTHERS = {
    "by hand": Case("gather_pylist", "project"),
    "dlt, fed with dicts": Case("dlt_dicts", "project"),
}
_TABLES = ("runs", "specs", "tests", "attempts")
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
}
"""What the server does otherwise, and the client."""

_PEAK = value("peak", 1 / 1024**2)
_NOTES = (
    "by hand and for dlt, moments stay the text that they come as; ours are timestamps",
    "by hand, one file is written for each table; ours are fsynced, one for each table and day",
)


class _Exported(msgspec.Struct, frozen=True):
    rows: dict[str, int]
    """By table, in the files."""
    sample: Sample


class _Limited(msgspec.Struct, frozen=True):
    """An export against a rate limit."""

    sample: Sample
    counts: Counts

    @property
    def requests(self) -> int:
        """How many succeeded."""
        return self.counts["200"]

    @property
    def least(self) -> float:
        """The seconds that no client can be faster than: windows begin with a request."""
        return (self.requests - 1) // _RATE

    @property
    def times_least(self) -> float:
        """How many times as long it took."""
        return self.sample.wall / self.least

    @property
    def throttled(self) -> float:
        """The percentage of all responses that were 429."""
        return 100 * self.counts.get("429", 0) / sum(self.counts.values())


class _Project(NamedTuple):
    """What is exported."""

    url: str
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
        found: dict[Case, list[_Exported]] = {}
        for _ in range(options.rounds):
            for case in (_OURS, *_OTHERS.values()):
                exported = _export(session, case, project)
                if exported is not None:
                    found.setdefault(case, []).append(exported)
        size = _TINY_LIMITED if is_tiny else _FULL_LIMITED
        limited = {name: _limit(session, size, *limit) for name, limit in _LIMITS.items()}
    results = Results({case: [one.sample for one in ones] for case, ones in found.items()})
    parts = [_of_results(results, project.rows, session.labels), _of_limits(limited)]
    parts[0].measured["samples"] = {case.contender: ones for case, ones in found.items()}
    return Report(parts=parts, missing=session.missing, packages=sorted(session.packages))


def _serve(session: Session, size: Fake) -> _Project:
    bulk, small = size.fill(new_world())
    runs = bulk.runs
    instances = [run.instance(index) for run in runs for index in range(len(run.specs))]
    tests = [test for instance in instances for test in instance["results"]["tests"]]
    attempts = sum(len(test["attempts"]) for test in tests)
    counts = (len(runs), len(instances), len(tests), attempts)
    url = session.server.serve(size)
    path, small_path = (f"projects/{one.project_id}" for one in (bulk, small))
    return _Project(url, size, path, small_path, dict(zip(_TABLES, counts, strict=True)))


def _limit(
    session: Session, size: Fake, changes: dict[str, Any], options: dict[str, Any]
) -> _Limited:
    """Export against a limit."""
    project = _serve(session, msgspec.structs.replace(size, **changes))
    exported = _export(session, _OURS, project, options)
    assert exported is not None  # noqa: S101 - it has exported before
    return _Limited(exported.sample, session.server.counts())


def _export(
    session: Session, case: Case, project: _Project, options: dict[str, Any] | None = None
) -> _Exported | None:
    """Export once, in a new process; return None if the contender cannot take part.

    Raises `Failed` unless its files have exactly as many rows as the world.
    """
    if case.contender in session.missing:
        return None
    with session.alone(case) as process:
        if process is None:
            return None
        _fetch(process, project, project.small, {})
        session.server.counts()
        if project.size.rate is not None:
            time.sleep(_WINDOW)
        exported = _fetch(process, project, project.path, options or {})
    if exported.rows != project.rows:
        raise Failed(f"{case.contender} wrote {exported.rows} instead of {project.rows}")
    return exported


def _fetch(process: Process, project: _Project, path: str, options: dict[str, Any]) -> _Exported:
    with TemporaryDirectory() as folder:
        arguments = {"folder": folder, "days": project.size.days, **options}
        order = Order(server=project.url, path=path, options=arguments, memory=True)
        sample = process.ask(order, Sample)
        return _Exported({table: _count_rows(folder, table) for table in _TABLES}, sample)


def _count_rows(folder: str, table: str) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - the contenders have it

    found = Path(folder).glob(f"**/{table}/**/*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in found)


def _of_results(results: Results, rows: dict[str, int], labels: dict[str, str]) -> Part:
    count = rows["tests"] + rows["attempts"]

    def rate(field: str) -> Callable[[Case], str]:
        return results.cells(lambda sample: count / getattr(sample, field), 0)

    title = (
        f"Export of {rows['specs']} instances in {rows['runs']} runs as Parquet: "
        f"{rows['tests']} tests, {rows['attempts']} attempts"
    )
    columns = [("CPU s", value("cpu"), 2), ("wall s", value("wall"), 2), ("peak MiB", _PEAK, 1)]
    shown = table(
        title,
        {labels[case.contender]: case for case in (_OURS, *_OTHERS.values()) if case in results},
        [
            *(
                column
                for name, read, digits in columns
                for column in (
                    (name, results.cells(read, digits)),
                    ("x ours", results.ratios(_OURS, read)),
                )
            ),
            ("rows/s", rate("wall")),
            ("rows/CPU s", rate("cpu")),
        ],
    )
    reach = [
        at_least(f"{label}: {name.split()[0]}, x ours", results.ratio(case, _OURS, read), 1, "x")
        for label, case in _OTHERS.items()
        for name, read, _ in columns
    ]
    return Part([shown], reach, {"rows": rows}, _NOTES)


def _of_limits(found: dict[str, _Limited]) -> Part:
    shown = table(
        "Export against a limit of requests in each second",
        found,
        [
            ("limit", lambda _: str(_RATE)),
            ("requests", lambda one: str(one.requests)),
            ("429 %", lambda one: number(one.throttled)),
            ("least s", lambda one: number(one.least)),
            ("wall s", lambda one: number(one.sample.wall, 2)),
            ("x least", lambda one: number(one.times_least, 2, "x")),
        ],
    )
    reach = []
    for name, one in found.items():
        title = f"{_RATE} per second, {name}"
        reach += [
            at_most(f"{title}: wall, x the least", one.times_least, 1.1, "x"),
            at_most(f"{title}: responses that are 429", one.throttled, 5, " %"),
        ]
    return Part([shown], reach, {"limited": found})
