"""Tables in a DuckDB file."""

from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from currents_async._downloads.partial_file import sync_directory
from currents_async.errors import ExportError
from currents_async.export._tables import STORED, comment_of, conform, schema_of
from currents_async.export._windows import Window
from currents_async.export._write.sinks import Compacted
from currents_async.export._write.staging import Staging
from currents_async.export._write.stores import Store

_MEMORY = "64MB"
"""More makes it no faster; with less it would spill to temporary files more often."""
_ESSENTIAL_COLUMNS = ("project_id", "day", "run_id")
"""Those of them that a table should have, it has in all releases."""
_BATCH_ROWS = 8192
_STAGED = "staged_by_currents_async"

DuckDBStorage = Literal["v1.4.0", "latest"]
"""DuckDB's `storage_compatibility_version`: the oldest release that can read a file."""


class DuckDBSink:
    """A DuckDB file, with its tables, all of which are created if they do not exist.

    A window is staged in Arrow files beside it, and replaces its old rows in all tables in one
    transaction. Other tables in the file are left alone. There are no constraints, because their
    indexes would have to fit into memory: keys are unique because a run is in one window only.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        tables: Iterable[str],
        *,
        storage: DuckDBStorage = "v1.4.0",
    ) -> None:
        """Open or make a file, and stage in a store; an existing file keeps its storage version.

        Raises `duckdb.Error` if it is not a DuckDB file, or another process has opened it; and
        `ExportError` if it has a table of the same name that was not made by an export.
        """
        self._tables = tuple(tables)
        self._staging = Staging(store)
        try:
            if not path.exists():
                _make(path, store, storage)
            self._database = _open(path, store)
        except BaseException:
            self._staging.close()
            raise
        try:
            with self._transaction():
                for table in self._tables:
                    self._prepare(table)
        except BaseException:
            self.close()
            raise

    def write(self, window: Window, table: str, batch: Any) -> None:
        self._staging.write(window, table, batch)

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        schema = STORED[table] if columns is None else schema_of(table, columns)
        query = "SELECT {} FROM {} WHERE project_id = $project_id AND day = $day".format(  # noqa: S608 - ours
            ", ".join(f'"{name}"' for name in schema.names), table
        )
        found = self._database.sql(query, params=_values_of(window)).to_arrow_reader(_BATCH_ROWS)
        for batch in found:
            yield conform(batch, schema)

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        """Replace the old rows of a window, in one transaction."""
        changed = [table for table in self._tables if table not in unchanged]
        with self._transaction():
            for table in changed:
                with self._staging.take(window, table) as rows:
                    self._replace(window, table, rows)

    def commit_all(self, windows: Mapping[Window, Collection[str]]) -> None:
        """Commit several windows, each in a transaction of its own."""
        for window, unchanged in windows.items():
            self.commit(window, unchanged=unchanged)

    def count(self, table: str, windows: Iterable[Window]) -> Counter[Window]:  # noqa: ARG002 - all are counted
        query = f"SELECT day, project_id, count(*) FROM {table} GROUP BY ALL"  # noqa: S608 - ours
        found = self._database.execute(query).fetchall()
        return Counter({Window(day, project_id): rows for day, project_id, rows in found})

    def compact(self, windows: Collection[Window]) -> Compacted:  # noqa: ARG002 - the protocol of sinks
        raise ExportError("a DuckDB file has no files to be joined: there is nothing to compact")

    def delete(self, windows: Collection[Window], *, kept: Collection[Window]) -> None:  # noqa: ARG002 - tables stay
        with self._transaction():
            for table in self._tables:
                for window in windows:
                    self._replace(window, table, None)

    def close(self) -> None:
        try:
            self._database.close()
        finally:
            self._staging.close()

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._database.begin()
        try:
            yield
            self._database.commit()
        except BaseException:
            # Some errors end the transaction by themselves.
            with suppress(duckdb.Error):
                self._database.rollback()
            raise

    def _prepare(self, table: str) -> None:
        """Create a table if it does not exist, or columns that an older release did not write."""
        schema: Any = STORED[table]
        existing, wanted = self._columns(table), self._wanted_columns(table)
        missing = {name: kind for name, kind in wanted.items() if name not in existing}
        if not existing:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in wanted.items())
            self._database.execute(f"CREATE TABLE {table} ({columns})")
            self._comment(f"TABLE {table}", schema.metadata)
        else:
            _check_types(table, existing, wanted)
            for name, kind in missing.items():
                self._database.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {kind}')
        for name in missing:
            self._comment(f'COLUMN {table}."{name}"', schema.field(name).metadata)

    def _columns(self, table: str) -> dict[str, str]:
        """Return the types of the columns that a table has in the file, if it exists."""
        found = self._database.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? "
            "AND database_name = current_database() AND schema_name = current_schema()",
            [table],
        )
        return dict(found.fetchall())

    def _wanted_columns(self, table: str) -> dict[str, str]:
        rows = pa.RecordBatchReader.from_batches(STORED[table], [])
        self._database.register(_STAGED, rows)
        found = self._database.execute(f"DESCRIBE {_STAGED}").fetchall()
        self._database.unregister(_STAGED)
        return {name: kind for name, kind, *_ in found}

    def _comment(self, what: str, metadata: dict[bytes, bytes]) -> None:
        quoted = comment_of(metadata).replace("'", "''")
        self._database.execute(f"COMMENT ON {what} IS '{quoted}'")

    def _replace(self, window: Window, table: str, rows: Any) -> None:
        here = "project_id = $project_id AND day = $day"
        values = _values_of(window)
        self._database.execute(f"DELETE FROM {table} WHERE {here}", values)  # noqa: S608 - ours
        if rows is None:
            return
        self._database.register(_STAGED, rows)
        self._database.execute(f"INSERT INTO {table} BY NAME FROM {_STAGED}")
        self._database.unregister(_STAGED)
        if "run_id" not in STORED[table].names:
            return
        # A run may have been in another window as long as its start time was not known.
        self._database.execute(
            f"DELETE FROM {table} WHERE NOT ({here}) "  # noqa: S608 - all of it is ours
            f"AND run_id IN (SELECT run_id FROM {table} WHERE {here})",
            values,
        )


def _make(path: Path, store: Store, storage: DuckDBStorage) -> None:
    """Make an empty file, renamed once it is complete.

    If a full disk cuts off the first bytes of a file, DuckDB can no longer open it.
    """
    staged = store.stage(path.name)
    duckdb.connect(staged, config={"storage_compatibility_version": storage}).close()
    staged.replace(path)
    sync_directory(path.parent)


def _open(path: Path, store: Store) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        path,
        config={
            "memory_limit": _MEMORY,
            "temp_directory": str(store.staging / "spilled"),
            # DuckDB would download one to read the files of other databases.
            "autoinstall_known_extensions": False,
        },
    )


def _values_of(window: Window) -> dict[str, Any]:
    return {"project_id": window.project_id, "day": window.day}


def _check_types(table: str, existing: dict[str, str], wanted: dict[str, str]) -> None:
    """Raise `ExportError` unless a table was made by an export, with columns of our types."""
    strange = [name for name, kind in wanted.items() if existing.get(name, kind) != kind]
    strange += [name for name in _ESSENTIAL_COLUMNS if name in wanted and name not in existing]
    if strange:
        raise ExportError(
            f"the table {table} in this file was not made by this release of the library (columns "
            f"{', '.join(strange)}): use another file"
        )
