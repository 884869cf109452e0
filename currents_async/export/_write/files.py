"""Tables as files, one for each table and window, in directories by project and day."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from currents_async.export._tables import SCHEMAS, conform, schema_of
from currents_async.export._windows import Window
from currents_async.export._write.formats import Format, RowWriter
from currents_async.export._write.stores import Store

_IN_THE_PATH = ["project_id", "day"]


class Staging:
    """Files that are being written, invisible to readers: one for each table of each window."""

    def __init__(self, store: Store, file_format: Format) -> None:
        self._store = store
        self._file_format = file_format
        self._open: dict[tuple[Window, str], tuple[Path, RowWriter]] = {}

    def name(self, window: Window, table: str) -> str:
        """Return the name of a window's file, with directories by table, project and day."""
        project = quote(window.project_id, safe="")
        return f"{table}/project_id={project}/day={window.day}/part-0{self._file_format.suffix}"

    def write(self, window: Window, table: str, batch: Any) -> None:
        """Add the rows of a `pyarrow.RecordBatch`."""
        key = window, table
        if key not in self._open:
            path = self._store.stage(self.name(window, table))
            self._open[key] = path, self._file_format.open(path, batch.schema)
        self._open[key][1].write(batch)

    def finish(self, window: Window, table: str) -> Path | None:
        """Close a file and return its path; None when there are no rows."""
        path, writer = self._open.pop((window, table), (None, None))
        if writer is not None:
            writer.close()
        return path

    def close(self) -> None:
        """Remove all files that are left."""
        while self._open:
            _, (_, writer) = self._open.popitem()
            # They are not needed any more, and a full disk would raise here once more.
            with suppress(OSError, pa.ArrowException):
                writer.close()
        self._store.tidy()


class FileSink:
    """Files that readers find by their directories, as in `tests/project_id=p/day=2026-01-05/`.

    The two columns in the names of the directories are not in the files. Each file is replaced
    atomically; the files of a window one after the other.

    A file is never removed: without rows, it still tells readers what the columns are. A sink that
    `is_new` begins with files of all tables, so that there is at least one of each.
    """

    def __init__(
        self, store: Store, file_format: Format, tables: Iterable[str], *, is_new: bool = False
    ) -> None:
        self._store = store
        self._tables = tuple(tables)
        self._file_format = file_format
        self._staging = Staging(store, file_format)
        self._is_new = is_new

    def write(self, window: Window, table: str, batch: Any) -> None:
        there = [name for name in _IN_THE_PATH if name in batch.schema.names]
        self._staging.write(window, table, batch.drop_columns(there))

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        names = SCHEMAS[table].names if columns is None else columns
        schema = schema_of(table, [name for name in names if name not in _IN_THE_PATH])
        with self._store.fetch(self._staging.name(window, table)) as path:
            if path is not None:
                for batch in self._file_format.read(path, schema):
                    yield conform(batch, schema)

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        """Publish the files of a window; tables without rows of it get empty files."""
        # All are closed before the first is published: closing is where most errors occur.
        finished = {
            table: self._finish(window, table) for table in self._tables if table not in unchanged
        }
        for table, path in finished.items():
            if path is not None:
                self._store.publish(path, self._staging.name(window, table))
        self._is_new = False

    def close(self) -> None:
        self._staging.close()

    def _finish(self, window: Window, table: str) -> Path | None:
        path = self._staging.finish(window, table)
        if path is None and (self._is_new or self._store.has(self._staging.name(window, table))):
            nothing = pa.RecordBatch.from_pylist([], schema=SCHEMAS[table])
            self.write(window, table, nothing)
            path = self._staging.finish(window, table)
        return path
