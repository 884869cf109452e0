"""The tables of a target, read by DuckDB, whatever their format."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import duckdb
import pyarrow as pa

from currents_async._redaction import hide_credentials
from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._sources import InDatabase, InDays, InFiles, Part, Source
from currents_async.export._write.delta_target import delta_sink
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
    file_sink,
    local_path,
    store_at,
)


class Tables:
    """Some tables of a target, to be queried."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, source: Source, *, only_failed: bool
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
        in_postgres = InDays(database, reader, reader.options.tables, part)
        return Tables(database, in_postgres, only_failed=reader.options.only_failed)
    try:
        path = local_path(target)
        store = store_at(target)
    except ValueError as error:
        raise InvalidArgumentError(f"target cannot be read: {error}") from None
    if path is not None and path.is_file():
        journal = Journal(LocalStore(beside(path.resolve())), JOURNAL, is_mine=False)
        source: Source = InDatabase(database, path, part)
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
) -> Source:
    options = journal.options
    if options is not None and options.format == "delta":
        sink = delta_sink(target, local_path(target), store, options.tables, is_new=False)
        return InDays(database, sink, sink.tables, part)
    if options is None or options.format not in FORMATS:
        raise ExportError(
            f"there is no export at {hide_credentials(target)}: it has no {JOURNAL} of one"
        )
    files = file_sink(store, cast("ExportFormat", options.format), journal, options.tables)
    return InFiles(database, files, journal, part)
