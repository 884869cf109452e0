"""Where the rows of a target are read from, for DuckDB, by the format of the target."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import duckdb
import pyarrow as pa

from currents_async.export._sql import quoted
from currents_async.export._tables import SCHEMAS, schema_of
from currents_async.export._windows import Window
from currents_async.export._write.data_files import DataFile
from currents_async.export._write.files import FileSink
from currents_async.export._write.journal import Journal

_WINDOW = ("project_id", "day")
"""The columns of each table that say which window a row is of."""


class Part(NamedTuple):
    """What is read of a target."""

    first: date
    last: date
    projects: Collection[str]
    """All if there are none."""

    def has(self, window: Window) -> bool:
        """Return whether the rows of a window are read."""
        is_ours = not self.projects or window.project_id in self.projects
        return is_ours and self.first <= window.day <= self.last


class Source(Protocol):
    tables: Collection[str]

    def provide(self, table: str, columns: Sequence[str]) -> None:
        """Make a table readable by its name, once, with its window and some other columns."""
        ...


class _ByDays(Protocol):
    def read_days(
        self, table: str, columns: Sequence[str], days: tuple[date, date], projects: Collection[str]
    ) -> Iterator[Any]:
        """Iterate over some columns of the rows of some days, of some projects or of all."""
        ...


class InDays:
    """Tables of Delta or PostgreSQL, whose rows are read while a query takes them."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        source: _ByDays,
        tables: Collection[str],
        part: Part,
    ) -> None:
        self._database = database
        self._source = source
        self._part = part
        self.tables: Collection[str] = tables

    def provide(self, table: str, columns: Sequence[str]) -> None:
        schema = schema_of(table, (*_WINDOW, *columns))
        first, last, projects = self._part
        batches = self._source.read_days(table, schema.names, (first, last), projects)
        self._database.register(table, pa.RecordBatchReader.from_batches(schema, batches))


class InFiles:
    """Tables in files, whose batches are read one after the other while a query takes them."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, sink: FileSink, journal: Journal, part: Part
    ) -> None:
        self._database = database
        self._sink = sink
        self._part = part
        self._windows = [window for window in journal.windows if part.has(window)]
        self.tables: Collection[str] = () if journal.options is None else journal.options.tables

    def provide(self, table: str, columns: Sequence[str]) -> None:
        schema = schema_of(table, (*_WINDOW, *columns))
        batches = self._read(table, schema.names)
        self._database.register(table, pa.RecordBatchReader.from_batches(schema, batches))

    def _read(self, table: str, columns: Sequence[str]) -> Iterator[Any]:
        """Read file by file; one may have the rows of the windows after the first one, too."""
        done: set[DataFile] = set()
        for window in self._windows:
            days = window.day, self._part.last
            file = self._find(table, window, done)
            try:
                yield from self._sink.read_file(file, table, columns, days=days)
            except FileNotFoundError:
                # It has been replaced since its directory was listed.
                self._sink.catalog.forget(table, window)
                file = self._find(table, window, done)
                yield from self._sink.read_file(file, table, columns, days=days)

    def _find(self, table: str, window: Window, done: set[DataFile]) -> DataFile | None:
        """Return the file of a window, unless it has been read."""
        file = self._sink.catalog.find(table, window)
        if file is None or file in done:
            return None
        done.add(file)
        return file


class InDatabase:
    """Tables in a DuckDB file."""

    def __init__(self, database: duckdb.DuckDBPyConnection, path: Path, part: Part) -> None:
        database.execute(f"ATTACH {quoted(str(path))} AS export (READ_ONLY)")
        self._database = database
        self._part = part
        found = database.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'export'"
        ).fetchall()
        self._columns = {*found}
        self.tables: Collection[str] = {table for table, _ in found}.intersection(SCHEMAS)

    def provide(self, table: str, columns: Sequence[str]) -> None:
        first, last, projects = self._part
        names = ", ".join(
            f'"{name}"' if (table, name) in self._columns else f'NULL::{kind} AS "{name}"'
            for name, kind in self._kinds(table, (*_WINDOW, *columns))
        )
        ours = f"AND project_id IN ({', '.join(map(quoted, projects))})" if projects else ""
        self._database.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT {names} FROM export.{table} "  # noqa: S608 - quoted
            f"WHERE day BETWEEN DATE '{first}' AND DATE '{last}' {ours}"
        )

    def _kinds(self, table: str, columns: Sequence[str]) -> list[tuple[str, str]]:
        """Return columns with their types."""
        self._database.register("wanted", schema_of(table, columns).empty_table())
        found = self._database.execute("DESCRIBE wanted").fetchall()
        return [(name, kind) for name, kind, *_ in found]
