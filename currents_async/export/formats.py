"""What files of tables look like inside.

Parquet is compressed with zstd, in row groups of about 8 MiB before that. The schema's metadata is
in the file: the table's `doc` and `key`, each column's `doc` and `unit`.

NDJSON has an object a line, with all columns in their order: moments as ISO 8601 in UTC, to the
millisecond (`2026-01-05T09:00:00.123000Z`), days as `2026-01-05`, lists as arrays, null as null.
"""

from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

Compression = Literal["gzip", "zstd"]

_GROUP = 8 << 20


class Writer(Protocol):
    """A file that is being written."""

    def write(self, batch: Any) -> None:
        """Add the rows of a `pyarrow.RecordBatch`."""
        ...

    def close(self) -> None:
        """Write what is left, and close the file; raise when not all of it could be written."""
        ...


class Format(Protocol):
    """A way to write a table into a file."""

    suffix: str

    def open(self, path: Path, schema: Any) -> Writer:
        """Begin a file for rows of a `pyarrow.Schema`."""
        ...


class Parquet:
    """Parquet, compressed with zstd."""

    suffix = ".parquet"

    def open(self, path: Path, schema: Any) -> Writer:
        """Begin a file."""
        return _ParquetWriter(path.open("wb"), schema)


class _ParquetWriter:
    def __init__(self, file: BufferedWriter, schema: Any) -> None:
        self._file = file
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._batches: list[Any] = []
        self._bytes = 0

    def write(self, batch: Any) -> None:
        # Each write makes a row group: readers want few and large ones.
        self._batches.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= _GROUP:
            self._flush()

    def close(self) -> None:
        with self._file:
            self._flush()
            self._writer.close()

    def _flush(self) -> None:
        if self._batches:
            batches, self._batches, self._bytes = self._batches, [], 0
            self._writer.write_table(pa.Table.from_batches(batches, self._schema))


class Ndjson:
    """A JSON object a line, compressed with gzip or zstd."""

    def __init__(self, compression: Compression) -> None:
        self._compression: Compression = compression
        self.suffix: str = {"gzip": ".ndjson.gz", "zstd": ".ndjson.zst"}[compression]

    def open(self, path: Path, schema: Any) -> Writer:  # noqa: ARG002 - JSON needs none
        """Begin a file."""
        return _NdjsonWriter(path.open("wb"), self._compression)


class _NdjsonWriter:
    def __init__(self, file: BufferedWriter, compression: Compression) -> None:
        self._file = file
        self._stream = pa.CompressedOutputStream(file, compression)
        self._encoder = msgspec.json.Encoder()

    def write(self, batch: Any) -> None:
        self._stream.write(self._encoder.encode_lines(batch.to_pylist()))

    def close(self) -> None:
        with self._file:
            self._stream.close()


class Ipc:
    """An Arrow IPC stream, uncompressed: for what is read again at once."""

    suffix = ".arrow"

    def open(self, path: Path, schema: Any) -> Writer:
        """Begin a file."""
        return _IpcWriter(path.open("wb"), schema)


class _IpcWriter:
    def __init__(self, file: BufferedWriter, schema: Any) -> None:
        self._file = file
        self._writer: Any = pa.ipc.new_stream(file, schema)

    def write(self, batch: Any) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        with self._file:
            self._writer.close()
