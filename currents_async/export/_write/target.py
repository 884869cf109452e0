"""What an export writes to, and the right to do so: one export at a time."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from filelock import FileLock, Timeout

from currents_async._checks import check_choice
from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._write.duck import DuckDBSink, DuckDBStorage
from currents_async.export._write.files import FileSink
from currents_async.export._write.formats import Format, Ndjson, Parquet
from currents_async.export._write.journal import Journal
from currents_async.export._write.sinks import ReadableSink
from currents_async.export._write.stores import RECORDS, LocalStore, Store, local_path, store_at

ExportFormat = Literal["parquet", "ndjson.gz", "ndjson.zst", "duckdb"]

_FORMATS: dict[str, Format] = {
    "parquet": Parquet(),
    "ndjson.gz": Ndjson("gzip"),
    "ndjson.zst": Ndjson("zstd"),
}
_JOURNAL = f"{RECORDS}/journal.ndjson"


class Target(NamedTuple):
    """What is open while an export goes on."""

    sink: ReadableSink
    journal: Journal


@contextmanager
def open_target(
    target: str | Path,
    export_format: ExportFormat,
    tables: Iterable[str],
    *,
    duckdb_storage: DuckDBStorage = "v1.4.0",
) -> Generator[Target]:
    """Open a directory, a DuckDB file or the URL of an object store, for this export alone.

    Raises `InvalidArgumentError` for an option or a URL that is none, `ExportError` when another
    export is at it or its record is damaged, and `OSError`, `duckdb.Error` or `pa.ArrowException`
    for what refuses to be written to.
    """
    check_choice("format", export_format, get_args(ExportFormat))
    check_choice("duckdb_storage", duckdb_storage, get_args(DuckDBStorage))
    try:
        path = _database_path(target) if export_format == "duckdb" else None
        store = store_at(target) if path is None else LocalStore(beside(path))
    except ValueError as error:
        raise InvalidArgumentError(f"target cannot be written to: {error}") from None
    with _locked(store):
        store.tidy()
        if path is not None and not path.exists():
            # The record is of a file that has been deleted since.
            store.remove(_JOURNAL)
        journal = Journal(store, _JOURNAL)
        sink = (
            FileSink(store, _FORMATS[export_format], tables, is_new=journal.is_empty)
            if path is None
            else DuckDBSink(path, store, tables, storage=duckdb_storage)
        )
        try:
            yield Target(sink, journal)
        finally:
            sink.close()


def beside(database: Path) -> Path:
    """Return the directory of what belongs to a DuckDB file and is not in it."""
    return database.with_name(f"{database.name}.currents")


def _database_path(target: str | Path) -> Path:
    path = local_path(target)
    if path is None or not path.name:
        raise ValueError("a DuckDB file has to be on this machine")
    # Not the name of a link: the lock is beside the file itself.
    return path.resolve()


@contextmanager
def _locked(store: Store) -> Generator[None]:
    store.prepare()
    try:
        with FileLock(store.lock, timeout=0, thread_local=False):
            yield
    except Timeout:
        raise ExportError(
            f"another export is writing to this target: it holds {store.lock}"
        ) from None
