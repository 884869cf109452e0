"""What programs see that read tables again and again, while days of them are replaced."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pyarrow.dataset as ds

from benchmarks.processes import Server
from benchmarks.report import Column, Part, at_most, table
from benchmarks.server import KEY, SINCE, Projects
from currents_async import Currents
from currents_async.export import ExportFormat, export

_DAYS = 5
_GONE = "FileNotFoundError"
"""What those are told, by the guide, that have listed a file before it was replaced."""
_Read = Callable[[Path], int]


class _Reader(threading.Thread):
    """Reads until it is stopped, and counts what became of it."""

    def __init__(self, read: _Read, path: Path, rows: int) -> None:
        super().__init__()
        self._read, self._path, self._rows = read, path, rows
        self._is_over = threading.Event()
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        while not self._is_over.is_set():
            try:
                rows = self._read(self._path)
            except Exception as error:  # noqa: BLE001 - what they are is what is measured
                self.seen[type(error).__name__] += 1
            else:
                self.seen["right" if rows == self._rows else "wrong"] += 1

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()

    def __enter__(self) -> Self:
        self.start()
        return self


def readers(server: Server, missing: dict[str, str], *, seconds: float) -> list[Part]:
    """Replace all days again and again for some seconds, to each format."""
    service = Projects(projects=1, days=_DAYS, since=SINCE)
    [project] = service.fill().projects
    url = server.serve(service)

    async def write(target: Path, export_format: ExportFormat) -> int:
        async with Currents(KEY, base_url=url) as currents:
            result = await export(
                currents,
                target,
                projects=[project.project_id],
                since=SINCE,
                until=SINCE + timedelta(days=_DAYS),
                tables=["tests"],
                format=export_format,
            )
        return result.rows["tests"]

    found: dict[str, Counter[str]] = {}
    for export_format, reads in _readers_of(missing).items():
        with TemporaryDirectory() as folder, ExitStack() as stack:
            target = Path(folder, "lake")
            rows = asyncio.run(write(target, export_format))
            threads = {
                f"{export_format}, {name}": _Reader(read, target / "tests", rows)
                for name, read in reads.items()
            }
            for thread in threads.values():
                stack.enter_context(thread)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                asyncio.run(write(target, export_format))
            stack.close()
            found |= {name: thread.seen for name, thread in threads.items()}
    return [_part(found)]


def _part(found: dict[str, Counter[str]]) -> Part:
    shown = table(
        "Reads while all days are replaced again and again",
        found,
        [
            Column("reads", lambda seen: seen.total(), 0),
            Column("file is gone, %", lambda seen: 100 * seen[_GONE] / max(1, seen.total())),
            Column("wrong rows", lambda seen: seen["wrong"], 0),
            Column("other errors", lambda seen: _failed(seen) - seen["wrong"], 0),
        ],
    )
    reach = [
        at_most(f"{name}, reads of a replaced day that fail", _failed(seen), 0)
        for name, seen in found.items()
    ]
    notes = ["of files, a read that has listed one before it is replaced has to list again"]
    return Part([shown], reach, {"readers": found}, notes)


def _failed(seen: Counter[str]) -> int:
    """Count what is neither right nor, of files, what has to be read again."""
    return seen.total() - seen["right"] - seen[_GONE]


def _readers_of(missing: dict[str, str]) -> dict[ExportFormat, dict[str, _Read]]:
    """Return what reads each format; what is not installed is named."""
    files: dict[str, _Read] = {"pyarrow": lambda path: ds.dataset(path).to_table().num_rows}
    delta: dict[str, _Read] = {}
    if find_spec("polars") is None:
        missing["readers of polars"] = "polars is not installed"
    else:
        polars: Any = import_module("polars")
        files["polars"] = lambda path: polars.scan_parquet(path).collect().height
        delta["polars"] = lambda path: polars.scan_delta(str(path)).collect().height
    found: dict[ExportFormat, dict[str, _Read]] = {"parquet": files}
    if find_spec("deltalake") is None:
        missing["readers of Delta tables"] = "deltalake is not installed"
    else:
        tables: Any = import_module("deltalake").DeltaTable
        delta["deltalake"] = lambda path: tables(path).to_pyarrow_table().num_rows
        found["delta"] = delta
    return found
