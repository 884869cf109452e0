"""Where views are made: over the files of a target, in its DuckDB file, or in PostgreSQL."""

import re
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from currents_async._redaction import hide_credentials
from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._sql import named, quoted
from currents_async.export._tables import WINDOWS
from currents_async.export._write.journal import Journal
from currents_async.export._write.local_store import LocalStore
from currents_async.export._write.lock import locked
from currents_async.export._write.postgres_address import Address, is_postgres
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.postgres_reading import PostgresReader
from currents_async.export._write.stores import Records
from currents_async.export._write.target import JOURNAL, beside, local_path, store_at
from currents_async.export.views._queries import Dialect, queries, read_by, view_of

_GLOB = re.compile(r"([\[*?])")


def create_views(target: str | Path, into: str | Path | None) -> tuple[str, ...]:
    """Make the views in a database, or `into` a DuckDB file; return their names."""
    file = None if is_postgres(target) else _duckdb_file(target)
    if is_postgres(target) or file is not None:
        if into is not None:
            raise InvalidArgumentError("into is for files: a database takes the views itself")
        return _in_postgres(str(target)) if file is None else _in_duckdb_file(file, target)
    if into is None:
        raise InvalidArgumentError(
            "files hold no views: say which DuckDB file they are to be made into (into, --into)"
        )
    root, tables = directory_of(target)
    with duckdb.connect(into) as database:
        _over_files(database, root, tables)
    return read_by(tables)


def database_of(target: str | Path) -> duckdb.DuckDBPyConnection:
    """Return a connection with the tables and the views of a target."""
    file = _duckdb_file(target)
    database = duckdb.connect()
    if file is None:
        _over_files(database, *directory_of(target))
        return database
    tables = _tables_of(LocalStore(beside(file)), target)
    database.execute(f"ATTACH {quoted(str(file))} AS export (READ_ONLY)")
    for table in tables:
        database.execute(f"CREATE VIEW {named(table)} AS FROM export.{named(table)}")
    _run(database, tables)
    return database


def directory_of(target: str | Path) -> tuple[str, tuple[str, ...]]:
    """Return where the Parquet files of a target are, and its tables."""
    try:
        path, store = local_path(target), None if is_postgres(target) else store_at(target)
    except ValueError as error:
        raise InvalidArgumentError(f"target cannot be read: {error}") from None
    if store is None or (path is not None and path.is_file()):
        raise InvalidArgumentError("target has to be a directory of Parquet files")
    tables = _tables_of(store, target, must_be="parquet")
    return str(target).rstrip("/") if path is None else str(path.resolve()), tables


def _tables_of(
    store: Records, target: str | Path, *, must_be: str | None = None
) -> tuple[str, ...]:
    options = Journal(store, JOURNAL, is_mine=False).options
    if options is None:
        raise ExportError(f"there is no export at {hide_credentials(target)}")
    if must_be not in {None, options.format}:
        raise InvalidArgumentError(
            f"target has to be Parquet, a DuckDB file or PostgreSQL, not {options.format}"
        )
    return (*options.tables, WINDOWS)


def _duckdb_file(target: str | Path) -> Path | None:
    try:
        path = local_path(target)
    except ValueError as error:
        raise InvalidArgumentError(f"target cannot be read: {error}") from None
    return path.resolve() if path is not None and path.is_file() else None


def _in_duckdb_file(path: Path, target: str | Path) -> tuple[str, ...]:
    store = LocalStore(beside(path))
    tables = _tables_of(store, target)
    with locked(store), duckdb.connect(path) as database:
        _run(database, tables)
    return read_by(tables)


def _in_postgres(url: str) -> tuple[str, ...]:
    address, tables = Address(url), (*PostgresReader(url).options.tables, WINDOWS)
    with closing(Database(address)) as database, database.transaction():
        database.run(
            f"SET LOCAL search_path = {named(address.schema)}", *_statements("postgres", tables)
        )
    return read_by(tables)


def _over_files(database: duckdb.DuckDBPyConnection, root: str, tables: Collection[str]) -> None:
    if "://" in root:
        raise InvalidArgumentError("target has to be on this machine, for DuckDB to read its files")
    pattern = _GLOB.sub(r"[\1]", root)
    options = "union_by_name = true, hive_partitioning = true, hive_types_autocast = false"
    for table in tables:
        files = quoted(f"{pattern}/{table}/**/*.parquet")
        database.execute(
            f"CREATE OR REPLACE VIEW {named(table)} AS FROM read_parquet({files}, {options})"
        )
    _run(database, tables)


def _run(database: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    for statement in _statements("duckdb", tables):
        database.execute(statement)


def _statements(dialect: Dialect, tables: Collection[str]) -> Iterator[str]:
    selected = queries(dialect)
    for name in read_by(tables):
        yield f"CREATE OR REPLACE VIEW {name} AS {selected[name]}"
        yield f"COMMENT ON VIEW {name} IS {quoted(view_of(name).about)}"
