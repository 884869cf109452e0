"""One table as an Arrow IPC stream, for the next program in a pipeline."""

from collections.abc import Collection
from typing import Any, BinaryIO

import pyarrow as pa

from currents_async.export._tables import SCHEMAS
from currents_async.export._windows import Window


class IpcSink:
    """An Arrow IPC stream of one table. There is nothing to replace, so rows are sent at once.

    Raises `BrokenPipeError` when the reader has closed the stream.
    """

    def __init__(self, stream: BinaryIO, table: str) -> None:
        """Begin a stream, which the caller closes."""
        self._stream = stream
        to: Any = stream  # pyarrow accepts anything with a `write`
        self._writer: Any = pa.ipc.new_stream(to, SCHEMAS[table])
        self._is_broken = False

    def write(self, window: Window, table: str, batch: Any) -> None:  # noqa: ARG002 - the protocol of sinks
        try:
            self._writer.write_batch(batch)
        except OSError:
            self._is_broken = True
            raise

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:  # noqa: ARG002 - the protocol of sinks
        try:
            self._stream.flush()
        except OSError:
            self._is_broken = True
            raise

    def close(self) -> None:
        """End the stream, unless its reader has closed it."""
        if not self._is_broken:
            self._writer.close()
            self._stream.flush()
