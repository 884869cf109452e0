"""Files of windows that are being written, out of readers' sight."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from currents_async.export._windows import Window
from currents_async.export._write.formats import Format, Writer
from currents_async.export._write.stores import Store


class Staging:
    """A file for each table of each window that has rows."""

    def __init__(self, store: Store, file_format: Format) -> None:
        self._store = store
        self._file_format = file_format
        self._open: dict[tuple[Window, str], tuple[Path, Writer]] = {}

    def name(self, window: Window, table: str) -> str:
        """Return the name of a window's file, in directories that say what is in there."""
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
            # They are of no use any more; a full disk would have its say here once again.
            with suppress(OSError, pa.ArrowException):
                writer.close()
        self._store.tidy()
