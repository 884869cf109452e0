"""Tables in a DuckDB file."""

from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from currents_async._downloads.partial_file import sync_directory
from currents_async.errors import ExportError
from currents_async.export._sql import quoted
from currents_async.export._tables import (
    STORED,
    comment_of,
    conform,
    schema_of,
    strange_columns,
)
from currents_async.export._windows import Window
from currents_async.export._write.sinks import Compacted
from currents_async.export._write.staging import Staging
from currents_async.export._write.stores import Store

_MEMORY = "64MB"
"""More makes it no faster; with less it would spill to temporary files more often."""
_ESSENTIAL_COLUMNS = ("project_id", "day", "run_id")
"""Those of them that a table should have, it has in all releases."""
_BATCH_ROWS = 8192

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
        self._runs: defaultdict[tuple[Window, str], set[str]] = defaultdict(set)
        try:
            if not path.exists():
                _make(path, store, storage)
            self._database = _open(path, store)
        except BaseException:
            self._staging.close()
            raise
        try:
            with self._transaction():
                self._prepare()
        except BaseException:
            self.close()
            raise

    def write(self, window: Window, table: str, batch: Any) -> None:
        self._staging.write(window, table, batch)
        if "run_id" in batch.schema.names:
            self._runs[window, table].update(batch.column("run_id").unique().to_pylist())

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
        self.commit_all({window: unchanged})

    def commit_all(self, windows: Mapping[Window, Collection[str]]) -> None:
        """Commit several windows, in one transaction, with few statements for each table."""
        changed = {
            table: [window for window, unchanged in windows.items() if table not in unchanged]
            for table in self._tables
        }
        with self._transaction():
            for table, together in changed.items():
                for some in self._divided(table, together):
                    self._replace(table, some)

    def count(self, table: str, windows: Iterable[Window]) -> Counter[Window]:  # noqa: ARG002 - all are counted
        query = f"SELECT day, project_id, count(*) FROM {table} GROUP BY ALL"  # noqa: S608 - ours
        found = self._database.execute(query).fetchall()
        return Counter({Window(day, project_id): rows for day, project_id, rows in found})

    def compact(self, windows: Collection[Window]) -> Compacted:  # noqa: ARG002 - the protocol of sinks
        raise ExportError("a DuckDB file has no files to be joined: there is nothing to compact")

    def delete(self, windows: Collection[Window], *, kept: Collection[Window]) -> None:  # noqa: ARG002 - tables stay
        with self._transaction():
            for table in self._tables:
                self._delete(table, windows, ())

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

    def _prepare(self) -> None:
        """Create tables that do not exist, or columns that an older release did not write."""
        made, wanted = self._columns(), _wanted_columns()
        statements = [
            statement
            for table in self._tables
            for statement in _preparations(table, made[table], wanted[table])
        ]
        if statements:
            self._database.execute(";".join(statements))

    def _columns(self) -> defaultdict[str, dict[str, str]]:
        """Return the types of the columns that the tables in the file have."""
        columns: defaultdict[str, dict[str, str]] = defaultdict(dict)
        found = self._database.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = current_schema()"
        )
        for table, name, kind in found.fetchall():
            columns[table][name] = kind
        return columns

    def _divided(self, table: str, windows: Sequence[Window]) -> Iterable[Sequence[Window]]:
        """Return windows as one if no run is in two; or else each alone: the last one gets it."""
        runs = [run for window in windows for run in self._runs.get((window, table), ()) if run]
        return [windows] if len(runs) == len(set(runs)) else [[window] for window in windows]

    def _replace(self, table: str, windows: Sequence[Window]) -> None:
        """Replace the rows of windows that have no run in common."""
        if not windows:
            return
        runs = set[str]().union(*(self._runs.pop((window, table), ()) for window in windows))
        # A run may have been in another window as long as its start time was not known. What is of
        # no run, such as a list that failed, is of its window alone.
        self._delete(table, windows, runs - {""})
        with ExitStack() as stack:
            taken = [stack.enter_context(self._staging.take(one, table)) for one in windows]
            rows = [one for one in taken if one is not None]
            if not rows:
                return
            # DuckDB finds it by its name: to register it as a view costs as much as the rest.
            staged_by_currents_async = pa.RecordBatchReader.from_batches(  # noqa: F841 # pyright: ignore[reportUnusedVariable]
                STORED[table], chain.from_iterable(rows)
            )
            self._database.execute(f"INSERT INTO {table} BY NAME FROM staged_by_currents_async")

    def _delete(self, table: str, windows: Collection[Window], runs: Collection[str]) -> None:
        """Delete the rows of windows, and of runs wherever they are."""
        where = "(project_id, day) IN (SELECT unnest($projects), unnest($days))"
        values: dict[str, Any] = {
            "projects": [window.project_id for window in windows],
            "days": [window.day for window in windows],
        }
        if runs:
            where += " OR run_id IN (SELECT unnest($runs))"
            values["runs"] = list(runs)
        self._database.execute(f"DELETE FROM {table} WHERE {where}", values)  # noqa: S608 - ours


@cache
def _wanted_columns() -> Mapping[str, Mapping[str, str]]:
    """Return the types of the columns that each table should have, as DuckDB calls them."""
    with duckdb.connect() as database:
        return {
            table: dict(zip(empty.columns, map(str, empty.types), strict=True))
            for table, schema in STORED.items()
            for empty in [database.from_arrow(schema.empty_table())]
        }


def _preparations(
    table: str, existing: Mapping[str, str], wanted: Mapping[str, str]
) -> Iterator[str]:
    """Return the statements that make a table, or add the columns that it lacks.

    Raises `ExportError` for a table of somebody else.
    """
    schema: Any = STORED[table]
    missing = {name: kind for name, kind in wanted.items() if name not in existing}
    if not existing:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in wanted.items())
        yield f"CREATE TABLE {table} ({columns})"
        yield _comment(f"TABLE {table}", schema.metadata)
    else:
        _check_types(table, existing, wanted)
        for name, kind in missing.items():
            yield f'ALTER TABLE {table} ADD COLUMN "{name}" {kind}'
    for name in missing:
        yield _comment(f'COLUMN {table}."{name}"', schema.field(name).metadata)


def _comment(what: str, metadata: Mapping[bytes, bytes]) -> str:
    return f"COMMENT ON {what} IS {quoted(comment_of(metadata))}"


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
            # Tables of many columns are inserted in half the CPU time of two, and less memory.
            "threads": 1,
            "temp_directory": str(store.staging / "spilled"),
            # DuckDB would download one to read the files of other databases.
            "autoinstall_known_extensions": False,
        },
    )


def _values_of(window: Window) -> dict[str, Any]:
    return {"project_id": window.project_id, "day": window.day}


def _check_types(table: str, existing: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Raise `ExportError` unless a table was made by an export, with columns of our types."""
    essential = (name for name in _ESSENTIAL_COLUMNS if name in wanted)
    strange = strange_columns(existing, wanted, essential)
    if strange:
        raise ExportError(
            f"the table {table} in this file was not made by this release of the library (columns "
            f"{', '.join(strange)}): use another file"
        )
