"""Rows of windows that have not ended, in files that readers do not see."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path
from typing import Any

import pyarrow as pa

from currents_async.export._windows import Window
from currents_async.export._write.stores import Records

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


class Staging:
    """An Arrow IPC stream for each table of each window: memory stays flat, however many rows."""

    def __init__(self, store: Records) -> None:
        self._store = store
        self._open: dict[tuple[Window, str], _StagedRows] = {}

    def write(self, window: Window, table: str, batch: Any) -> None:
        """Add the rows of a `pyarrow.RecordBatch`."""
        key = window, table
        if key not in self._open:
            self._open[key] = _StagedRows(self._store.stage(f"{table}.arrow"), batch.schema)
        self._open[key].writer.write_batch(batch)

    @contextmanager
    def take(self, window: Window, table: str) -> Generator[Any]:
        """Read the rows of a table inside `with`, once, as a `pyarrow.RecordBatchReader` or None.

        Raises if not all of them could be written.
        """
        rows = self._open.pop((window, table), None)
        if rows is None:
            yield None
            return
        rows.close()
        with rows.path.open("rb") as file, pa.ipc.open_stream(file) as reader:
            yield reader
        rows.path.unlink()

    def close(self) -> None:
        """Remove all rows that are left."""
        while self._open:
            _, rows = self._open.popitem()
            # They are not needed any more, and a full disk would raise here once more.
            with suppress(OSError, pa.ArrowException):
                rows.close()
        self._store.tidy()


class _StagedRows:
    def __init__(self, path: Path, schema: Any) -> None:
        self.path = path
        self._file: BufferedWriter = path.open("wb")
        self.writer: Any = pa.ipc.new_stream(self._file, schema, options=_COMPRESSED)

    def close(self) -> None:
        with self._file:
            self.writer.close()
