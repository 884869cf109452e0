"""One table as an Arrow IPC stream: for the next program in a pipe."""

from collections.abc import Collection
from typing import Any, BinaryIO

import pyarrow as pa

from currents_async.export._tables.schemas import SCHEMAS
from currents_async.export._windows import Window


class IpcSink:
    """An Arrow IPC stream of one table; nothing is there to be replaced, so rows go out at once.

    Raises `BrokenPipeError` when nobody reads any more.
    """

    def __init__(self, stream: BinaryIO, table: str) -> None:
        """Begin a stream; it is not closed here."""
        self._stream = stream
        to: Any = stream  # pyarrow takes whatever can be written to
        self._writer: Any = pa.ipc.new_stream(to, SCHEMAS[table])
        self._is_broken = False

    def write(self, window: Window, table: str, batch: Any) -> None:  # noqa: ARG002 - as all sinks
        """Send rows."""
        try:
            self._writer.write_batch(batch)
        except OSError:
            self._is_broken = True
            raise

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:  # noqa: ARG002 - as all sinks
        """Send what is still in the stream's buffer."""
        try:
            self._stream.flush()
        except OSError:
            self._is_broken = True
            raise

    def close(self) -> None:
        """End the stream, unless that has been done for it."""
        if not self._is_broken:
            self._writer.close()
            self._stream.flush()
