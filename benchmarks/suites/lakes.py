"""What exports leave behind: in an object store, over a year, in a database, and for readers."""

import asyncio
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import payloads
from benchmarks.processes import Server, pin
from benchmarks.report import Column, Part, Report, at_least, table
from benchmarks.server import KEY, Projects
from benchmarks.suites import Options
from benchmarks.suites._databases import database
from benchmarks.suites._object_stores import object_store
from benchmarks.suites._readers import readers
from currents_async import Currents
from currents_async.export import ExportResult, export, lake, views

_SINCE = datetime(2024, 7, 1, tzinfo=UTC)
_FEWER_FILES = 30
_DAYS = {"tiny": 2, "quick": 62, "full": 365}
"""Days: for all but the tiny one, of whole months."""


class _Lake(NamedTuple):
    """What is on the disk, and what it takes to work with it."""

    files: int
    size: int
    """Bytes."""
    resume: float
    """Seconds of an export that has nothing to do."""
    questions: float
    """Seconds for all views, each in full."""


def run(options: Options) -> Report:
    """Measure everything, against a server in another process."""
    pin("client")
    is_tiny = options.sizes is payloads.TINY
    size = "tiny" if is_tiny else "full" if options.scale >= 1 else "quick"
    missing: dict[str, str] = {}
    with Server() as server:
        parts = [
            *object_store(server, missing, days=2 if is_tiny else 20),
            _year(server, _DAYS[size], projects=1 if is_tiny else 8),
            *readers(server, missing, seconds=0.2 if is_tiny else 5),
            *database(server, missing, specs=2 if is_tiny else 50),
        ]
    missing["Spark"] = "its tests count requests: pytest tests/export/test_spark.py"
    packages = ["currents-async", "pyarrow", "duckdb", "polars", "deltalake", "moto"]
    return Report(parts, packages, missing)


def _year(server: Server, days: int, projects: int) -> Part:
    """Export small runs, and compact them."""
    service = Projects(projects=projects, days=days, since=_SINCE)
    ids = [project.project_id for project in service.fill().projects]
    url = server.serve(service)
    with TemporaryDirectory() as folder:

        async def again(*, resume: bool) -> ExportResult:
            async with Currents(KEY, base_url=url) as currents:
                until = _SINCE + timedelta(days=days)
                return await export(
                    currents, folder, projects=ids, since=_SINCE, until=until, resume=resume
                )

        cpu = time.process_time()
        wall, result = _timed(again(resume=False))
        cpu = time.process_time() - cpu
        windows = result.windows_done
        before = _look(folder, _timed(again(resume=True))[0])
        compaction, _ = _timed(lake.compact(folder, before=_SINCE + timedelta(days=days + 31)))
        after = _look(folder, _timed(again(resume=True))[0])
    found = {"as exported": before, "compacted": after}
    shown = table(
        f"{windows} windows: {days} days of {projects} projects, {sum(result.rows.values())} rows",
        found,
        [
            Column("files", lambda one: one.files, 0),
            Column("MB", lambda one: one.size / 1e6),
            Column("resume s", lambda one: one.resume, 2),
            Column("all questions s", lambda one: one.questions, 2),
        ],
    )
    fewer, smaller, quicker = (
        getattr(before, name) / getattr(after, name) for name in ("files", "size", "questions")
    )
    spans = f"export: {1e3 * wall / windows:.0f} ms a window, {1e3 * cpu / windows:.0f} ms CPU"
    gains = (
        f"{fewer:.1f}x fewer files, {smaller:.1f}x fewer bytes, questions {quicker:.1f}x as fast"
    )
    notes = [spans, f"compaction, in {compaction:.1f} s: {gains}"]
    reach = [at_least(f"files of {days} days, x compacted", fewer, _FEWER_FILES, "x")]
    measured: dict[str, Any] = {"windows": windows, "wall": wall, "cpu": cpu}
    measured |= {"compaction": compaction}
    measured |= {label: one._asdict() for label, one in found.items()}
    return Part([shown], reach, {"year": measured}, notes)


def _timed(work: Awaitable[Any]) -> tuple[float, Any]:
    async def wait() -> Any:
        return await work

    began = time.perf_counter()
    result = asyncio.run(wait())
    return time.perf_counter() - began, result


def _look(folder: str, resume: float) -> _Lake:
    files = [
        path.stat().st_size
        for path in Path(folder).rglob("*.parquet")
        if "_currents" not in path.parts
    ]
    began = time.perf_counter()
    with views.connect(folder) as connection:
        for name in views.NAMES:
            connection.sql(f"FROM {name}").fetchall()
    return _Lake(len(files), sum(files), resume, time.perf_counter() - began)
