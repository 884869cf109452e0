"""What an export writes to: opened and locked, for one export at a time.

A window is staged in batches, and becomes visible as a whole.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pyarrow import fs

from currents_async._checks import check_choice
from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._tables import WINDOWS
from currents_async.export._write.compaction import FileLake, finish_compaction
from currents_async.export._write.delta_target import delta_sink
from currents_async.export._write.duck import DuckDBSink, DuckDBStorage
from currents_async.export._write.formats import Format, Ndjson, Parquet
from currents_async.export._write.journal import LAYOUT, Journal
from currents_async.export._write.local_store import LocalStore
from currents_async.export._write.lock import locked
from currents_async.export._write.object_store import ObjectStore
from currents_async.export._write.postgres_address import is_postgres
from currents_async.export._write.postgres_target import open_database
from currents_async.export._write.sinks import LakeSink
from currents_async.export._write.stores import RECORDS, Store

ExportFormat = Literal["parquet", "ndjson.gz", "ndjson.zst", "duckdb", "delta", "postgres"]
"""How tables are written: as files of a format, compressed or not, into one DuckDB file, as Delta
tables, or into a schema of a PostgreSQL database."""

FORMATS: dict[str, Format] = {
    "parquet": Parquet(),
    "ndjson.gz": Ndjson("gzip"),
    "ndjson.zst": Ndjson("zstd"),
}
JOURNAL = f"{RECORDS}/journal.ndjson"
_BY_SUFFIX: dict[str, ExportFormat | None] = {
    ".delta": "delta",
    ".duckdb": "duckdb",
    ".parquet": "parquet",
    ".ndjson.gz": "ndjson.gz",
    ".ndjson.zst": "ndjson.zst",
    ".csv": None,
}
"""What the names of targets say; None where there is no such format."""


class Target(NamedTuple):
    """What is open during an export."""

    sink: LakeSink
    journal: Journal
    format: ExportFormat


@contextmanager
def open_target(
    target: str | Path,
    export_format: ExportFormat | None,
    tables: Iterable[str] | None,
    *,
    duckdb_storage: DuckDBStorage = "v1.4.0",
    create: bool = True,
) -> Generator[Target]:
    """Open a directory, a DuckDB file, an object store or a database, for this export only.

    Without a format it has its own, or that of its name if it is new, by default Parquet. Without
    `tables` it is for those that it has, or for all if it is new. A database is left alone unless
    there is an export in it, or one is to `create`.

    Raises `InvalidArgumentError` for an option or a URL that is not valid, `MissingExtraError`,
    `ExportError` if another export is writing to the target, it has other tables or its journal is
    damaged, and `OSError`, `duckdb.Error` or `pa.ArrowException` if it cannot be written to.
    """
    if export_format is not None:
        check_choice("format", export_format, get_args(ExportFormat))
    check_choice("duckdb_storage", duckdb_storage, get_args(DuckDBStorage))
    export_format = _format_for(target, export_format)
    if export_format == "postgres":
        with open_database(str(target), tables, create=create) as (database, journal):
            yield Target(database, journal, export_format)
        return
    try:
        store, path = _place_of(target, export_format)
    except ValueError as error:
        raise InvalidArgumentError(f"target cannot be written to: {error}") from None
    with locked(store):
        store.tidy()
        if path is not None and not path.exists():
            # The journal is that of a file that has been deleted since.
            store.remove(JOURNAL)
        journal = Journal(store, JOURNAL)
        tables = journal.tables_of(tables)
        export_format = export_format or _format_of(journal)
        sink: LakeSink
        match export_format, path:
            case "duckdb", Path():
                sink = DuckDBSink(path, store, (*tables, WINDOWS), storage=duckdb_storage)
            case "delta", _:
                journal.check_format(export_format)
                sink = delta_sink(target, local_path(target), store, (*tables, WINDOWS))
            case _:
                sink = file_sink(store, export_format, journal, tables)
        try:
            if isinstance(sink, FileLake):
                finish_compaction(store, sink)
            yield Target(sink, journal, export_format)
        finally:
            sink.close()


def _place_of(target: str | Path, export_format: ExportFormat | None) -> tuple[Store, Path | None]:
    """Return the store of what is recorded of a target, and the path of a DuckDB file.

    Raises `ValueError` for a target that cannot be of that format.
    """
    if export_format == "duckdb":
        path = _database_path(target)
        return LocalStore(beside(path)), path
    return store_at(target), None


def file_sink(
    store: Store, export_format: ExportFormat, journal: Journal, tables: Iterable[str]
) -> FileLake:
    """Open the files of a target.

    Raises `ExportError` if an earlier release made them, with other names and columns.
    """
    if journal.layout != LAYOUT:
        raise ExportError(
            "another release of this library made the files of this target, which have other names "
            f"and columns (layout {journal.layout}, not {LAYOUT}): export into another target"
        )
    file_format = FORMATS[export_format]
    return FileLake(store, file_format, (*tables, WINDOWS), is_new=journal.is_empty)


def _format_of(journal: Journal) -> ExportFormat:
    begun = "parquet" if journal.options is None else journal.options.format
    return cast("ExportFormat", begun if begun in {*FORMATS, "delta"} else "parquet")


def _format_for(target: str | Path, wanted: ExportFormat | None) -> ExportFormat | None:
    """Return the format that is wanted, or that the target shows by itself, if any."""
    if is_postgres(target) or wanted == "postgres":
        if not is_postgres(target) or wanted not in {None, "postgres"}:
            raise InvalidArgumentError(
                "format must be postgres, or left out, for a postgresql:// URL, and only for one"
            )
        return "postgres"
    name = str(target).lower().rstrip("/")
    suffix = next(filter(name.endswith, _BY_SUFFIX), None)
    if suffix is None:
        return wanted or ("duckdb" if "://" not in name and _is_database(Path(target)) else None)
    named = _BY_SUFFIX[suffix]
    if named is None:
        raise InvalidArgumentError(
            f"target must not end in {suffix}: exports are Parquet, NDJSON or DuckDB files, or "
            "Delta tables, of which COPY of DuckDB makes others"
        )
    if wanted not in {None, named}:
        raise InvalidArgumentError(
            f"format must be {named}, or left out, for a target that ends in {suffix}"
        )
    return named


def _is_database(path: Path) -> bool:
    """Return whether this is a DuckDB file, which says so in its bytes 8 to 11."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def beside(database: Path) -> Path:
    """Return the directory of what belongs to a DuckDB file but is not in it."""
    return database.with_name(f"{database.name}.currents")


def _database_path(target: str | Path) -> Path:
    path = local_path(target)
    if path is None or not path.name:
        raise ValueError("a DuckDB file must be on this machine")
    # Links are resolved, because the lock is beside the file itself.
    return path.resolve()


def store_at(target: str | Path) -> Store:
    """Return the store at a path, or at the URL of something that pyarrow can write to.

    Raises `ValueError` for other URLs, without quoting them: they may hold credentials.
    """
    path = local_path(target)
    if path is not None:
        return LocalStore(path)
    url = urlsplit(str(target))
    scheme = url.scheme
    if scheme == "s3" and "allow_delayed_open" not in url.query:
        # A small object is uploaded by one request, and not by the three of a multipart upload.
        url = url._replace(query="&".join(filter(None, [url.query, "allow_delayed_open=true"])))
    try:
        filesystem, root = fs.FileSystem.from_uri(url.geturl())
    except (ValueError, NotImplementedError):
        raise ValueError(f"pyarrow does not support this {scheme}:// URL") from None
    if not root.strip("/"):
        raise ValueError(f"this {scheme}:// URL has no bucket")
    return ObjectStore(filesystem, root)


def local_path(target: str | Path) -> Path | None:
    """Return the path of a path or a `file://` URL, or None for other URLs.

    Raises `ValueError` for URLs of files that are on another machine, or that are not quoted.
    """
    if isinstance(target, Path) or "://" not in target:
        return Path(target)
    url = urlsplit(target)
    if url.scheme != "file":
        return None
    if url.netloc not in {"", "localhost"} or not url.path or url.query or url.fragment:
        raise ValueError("this file:// URL is not a path on this machine")
    return Path(url2pathname(url.path))
