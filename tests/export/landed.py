"""What a target holds, by table and window, and what it should: rows as JSON has them."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from currents_async.export._tables import KEYS, SCHEMAS
from currents_async.export._windows import Window
from currents_async.testing import World
from tests.export import oracle

Rows = list[dict[str, Any]]
Landed = dict[str, dict[Window, Rows]]


def expected(world: World) -> Landed:
    landed = nothing()
    previous = previous_runs(world)
    for run in world.runs.values():
        window = Window(datetime.fromisoformat(run.created_at).date(), run.project_id)
        instances = [spec.instance_id for spec in run.specs if spec.instance_id is not None]
        wires = [(instance, world.instance(instance)) for instance in instances]
        # Only the list says which run came before.
        tables = [oracle.run_tables({**run.payload, "previousRunId": previous.get(run.run_id)})]
        tables += [oracle.instance_tables(run.run_id, wire) for _, wire in wires if wire]
        for table, rows in (item for one in tables for item in one.items()):
            landed[table][window] += rows
    return _sorted(landed)


def previous_runs(world: World) -> dict[str, str]:
    return {
        run.run_id: older.run_id
        for project in world.projects
        for run, older in pairwise(world.view.runs(project.project_id))
    }


def in_parquet(target: Path) -> Landed:
    return _in_files(target, ".parquet", _parquet_rows)


def in_ndjson(target: Path) -> Landed:
    return _in_files(target, ".ndjson.gz", _ndjson_rows)


def in_duckdb(target: Path) -> Landed:
    landed = nothing()
    if not target.exists():
        return landed
    with duckdb.connect(target, read_only=True, config={"threads": 1}) as database:
        database.execute("SET TimeZone = 'UTC'")
        made = {
            table for (table,) in database.sql("SELECT table_name FROM duckdb_tables()").fetchall()
        }
        for table in made.intersection(SCHEMAS):
            for window, row in _by_window(database.table(table).to_arrow_table().to_pylist()):
                landed[table][window].append(row)
    return _sorted(landed)


def in_delta(target: Path) -> Landed:
    landed = nothing()
    for table in SCHEMAS:
        if (target / table / "_delta_log" / f"{0:020}.json").exists():
            rows = delta_table(target / table).to_pyarrow_table().to_pylist()
            landed[table] = windows_of(table, rows)
    return landed


def windows_of(table: str, rows: Rows) -> dict[Window, Rows]:
    """Divide the rows of a table by windows."""
    found: Landed = {table: defaultdict(list)}
    for window, row in _by_window(rows):
        found[table][window].append(row)
    return _sorted(found)[table]


def in_postgres(url: str) -> Landed:
    from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - an engine

    landed = nothing()
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'currents'"
        )
        made = {table for (table,) in cursor.fetchall()}
        for table in made.intersection(SCHEMAS):
            cursor.execute(f"SELECT * FROM currents.{table}")  # noqa: S608 - ours
            for window, row in _by_window(cursor.fetch_arrow_table().to_pylist()):
                landed[table][window].append(row)
    return _sorted(landed)


def delta_table(path: Path) -> Any:
    from deltalake import DeltaTable  # noqa: PLC0415 - an engine

    return DeltaTable(path)


READERS: dict[str, Callable[[Path], Landed]] = {
    "parquet": in_parquet,
    "ndjson.gz": in_ndjson,
    "duckdb": in_duckdb,
    "delta": in_delta,
}
_ENGINES = {"delta"}
FORMATS: list[Any] = [
    pytest.param(name, marks=pytest.mark.engines) if name in _ENGINES else name for name in READERS
]
"""All formats, of which some need what only the tests of engines have."""


def check(landed: Landed, whole: Landed, *, at_once: bool) -> None:
    """Check that windows are there as wholes: in each table, or `at_once` in all of them."""
    for table, windows in landed.items():
        assert windows == {window: whole[table][window] for window in windows}
        if at_once:
            assert windows.keys() == whole[table].keys() & landed["runs"].keys()


def nothing() -> Landed:
    return {table: defaultdict(list) for table in SCHEMAS}


def visible_files(target: Path) -> Iterator[Path]:
    """All files that are no part of what an export keeps to itself."""
    for folder, folders, names in os.walk(target):
        folders[:] = [name for name in folders if name != "_currents"]
        for name in names:
            yield Path(folder, name)


def _in_files(target: Path, suffix: str, read: Callable[[Path], Rows]) -> Landed:
    landed = nothing()
    for path in visible_files(target):
        table, project, month, name = path.relative_to(target).parts
        assert name.endswith(suffix)
        if table not in SCHEMAS:
            continue
        found: Landed = {table: defaultdict(list)}
        for window, row in _by_window(read(path)):
            assert unquote(project) == f"project={window.project_id}"
            assert month == f"month={window.day:%Y-%m}"
            found[table][window].append(row)
        # Each day is in one file.
        assert not found[table].keys() & landed[table].keys()
        landed[table].update(found[table])
    return _sorted(landed)


def _by_window(rows: Rows) -> Iterator[tuple[Window, dict[str, Any]]]:
    """Say of which window each row is, and leave out what differs from one export to the next."""
    for row in rows:
        row.pop("exported_at", None)
        yield Window(msgspec.convert(row.pop("day"), date), row.pop("project_id")), row


def _parquet_rows(path: Path) -> Rows:
    # Of the file alone, whatever its directories are called.
    rows: Rows = pq.ParquetFile(path).read(use_threads=False).to_pylist()
    return rows


def _ndjson_rows(path: Path) -> Rows:
    with pa.CompressedInputStream(str(path), "gzip") as stream:
        text = stream.read()
    assert not text or text.endswith(b"\n")
    return [msgspec.json.decode(line) for line in text.splitlines()]


def _sorted(landed: Landed) -> Landed:
    return {
        table: {window: _plain(table, rows) for window, rows in windows.items()}
        for table, windows in landed.items()
    }


def _plain(table: str, rows: Iterable[dict[str, Any]]) -> Rows:
    plain = msgspec.json.decode(msgspec.json.encode(list(rows)))
    return sorted(plain, key=lambda row: [row[key] for key in KEYS[table] if key in row])
