"""The tables of a target, read by DuckDB, whatever their format."""

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol, cast

import duckdb
import pyarrow as pa

from currents_async._redaction import hide_credentials
from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._tables import SCHEMAS, schema_of
from currents_async.export._windows import Window
from currents_async.export._write.data_files import DataFile
from currents_async.export._write.files import FileSink
from currents_async.export._write.journal import Journal
from currents_async.export._write.local_store import LocalStore
from currents_async.export._write.postgres_address import is_postgres
from currents_async.export._write.postgres_reading import PostgresReader
from currents_async.export._write.stores import Store
from currents_async.export._write.target import (
    FORMATS,
    JOURNAL,
    ExportFormat,
    beside,
    delta_sink,
    file_sink,
    local_path,
    store_at,
)

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


class _Source(Protocol):
    tables: Collection[str]

    def provide(self, table: str, columns: Sequence[str]) -> None:
        """Make a table readable by its name, once, with its window and some other columns."""
        ...


class Tables:
    """Some tables of a target, to be queried."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, source: _Source, *, only_failed: bool
    ) -> None:
        self._database = database
        self._source = source
        self.only_failed = only_failed
        """Whether only instances of failed spec files were exported."""

    def has(self, table: str) -> bool:
        """Return whether the target has a table."""
        return table in self._source.tables

    def require(self, table: str) -> None:
        """Raise `ExportError` if the target does not have a table."""
        if not self.has(table):
            raise ExportError(
                f"this export has no table {table}: make one of that table, too, in another target"
            )

    def provide(self, table: str, *columns: str) -> None:
        """Make a table of the target readable by one query, with `project_id`, `day` and more.

        Columns that the target does not have are null.
        """
        self._source.provide(table, columns)

    def create(self, table: str, rows: Sequence[dict[str, Any]], **columns: Any) -> None:
        """Make a table of some rows, whose columns have types of pyarrow."""
        self._database.register(table, pa.Table.from_pylist(rows, pa.schema(columns.items())))

    def query(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Execute a query."""
        found: list[tuple[Any, ...]] = self._database.execute(query, values).fetchall()
        return found


@contextmanager
def reading(target: str | Path, part: Part) -> Generator[Tables]:
    """Open a target to read a part of it: another process may be writing to its files meanwhile.

    Raises `InvalidArgumentError` for a URL that is not valid, and `ExportError` if there is no
    export, or it cannot be read.
    """
    try:
        with (
            TemporaryDirectory() as spilled,
            duckdb.connect(
                config={"temp_directory": spilled, "autoinstall_known_extensions": False}
            ) as database,
        ):
            yield _open(target, database, part)
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        raise ExportError(f"the target cannot be read: {error}") from error


def _open(target: str | Path, database: duckdb.DuckDBPyConnection, part: Part) -> Tables:
    if is_postgres(target):
        reader = PostgresReader(str(target))
        in_postgres = _InDays(database, reader, reader.options.tables, part)
        return Tables(database, in_postgres, only_failed=reader.options.only_failed)
    try:
        path = local_path(target)
        store = store_at(target)
    except ValueError as error:
        raise InvalidArgumentError(f"target cannot be read: {error}") from None
    if path is not None and path.is_file():
        journal = Journal(LocalStore(beside(path.resolve())), JOURNAL, is_mine=False)
        source: _Source = _InDatabase(database, path, part)
    else:
        journal = Journal(store, JOURNAL, is_mine=False)
        if path is None:
            store.prepare()  # where objects are downloaded to
        source = _in_store(target, store, database, journal, part)
    return Tables(
        database, source, only_failed=journal.options is not None and journal.options.only_failed
    )


def _in_store(
    target: str | Path,
    store: Store,
    database: duckdb.DuckDBPyConnection,
    journal: Journal,
    part: Part,
) -> _Source:
    options = journal.options
    if options is not None and options.format == "delta":
        sink = delta_sink(target, store, options.tables, is_new=False)
        return _InDays(database, sink, sink.tables, part)
    if options is None or options.format not in FORMATS:
        raise ExportError(
            f"there is no export at {hide_credentials(target)}: it has no {JOURNAL} of one"
        )
    files = file_sink(store, cast("ExportFormat", options.format), journal, options.tables)
    return _InFiles(database, files, journal, part)


class _ByDays(Protocol):
    def read_days(
        self, table: str, columns: Sequence[str], days: tuple[date, date], projects: Collection[str]
    ) -> Iterator[Any]:
        """Iterate over some columns of the rows of some days, of some projects or of all."""
        ...


class _InDays:
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


class _InFiles:
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


class _InDatabase:
    """Tables in a DuckDB file."""

    def __init__(self, database: duckdb.DuckDBPyConnection, path: Path, part: Part) -> None:
        database.execute(f"ATTACH {_quoted(str(path))} AS export (READ_ONLY)")
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
        ours = f"AND project_id IN ({', '.join(map(_quoted, projects))})" if projects else ""
        self._database.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT {names} FROM export.{table} "  # noqa: S608 - quoted
            f"WHERE day BETWEEN DATE '{first}' AND DATE '{last}' {ours}"
        )

    def _kinds(self, table: str, columns: Sequence[str]) -> list[tuple[str, str]]:
        """Return columns with their types."""
        self._database.register("wanted", schema_of(table, columns).empty_table())
        found = self._database.execute("DESCRIBE wanted").fetchall()
        return [(name, kind) for name, kind, *_ in found]


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
