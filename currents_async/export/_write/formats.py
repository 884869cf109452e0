"""The formats of files.

Parquet is compressed with zstd, in row groups of about 8 MiB uncompressed. It includes the metadata
of the schema: the table's `doc` and `key`, and the `doc` and `unit` of each column.

NDJSON has one object per line, with all columns in order: moments in ISO 8601 and UTC, to the
millisecond (`2026-01-05T09:00:00.123000Z`), days as `2026-01-05`, lists as arrays, null as null.
"""

from collections.abc import Iterator
from datetime import date, datetime
from io import BufferedReader, BufferedWriter
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

Compression = Literal["gzip", "zstd"]

_GROUP_BYTES = 8 << 20
_BATCH_ROWS = 8192


class RowWriter(Protocol):
    """A file that is being written."""

    def write(self, batch: Any) -> None:
        """Add the rows of a `pyarrow.RecordBatch`."""
        ...

    def close(self) -> None:
        """Write the rest, and close the file; raise if not all of it could be written."""
        ...


class Format(Protocol):
    """A format of files of tables."""

    suffix: str

    def open(self, path: Path, schema: Any) -> RowWriter:
        """Begin a file for rows of a `pyarrow.Schema`."""
        ...

    def read(self, path: Path, schema: Any) -> Iterator[Any]:
        """Iterate over the rows of a file, in batches of the columns that are in a schema."""
        ...


class Parquet:
    """Parquet, compressed with zstd."""

    suffix = ".parquet"

    def open(self, path: Path, schema: Any) -> RowWriter:
        return _ParquetWriter(path.open("wb"), schema)

    def read(self, path: Path, schema: Any) -> Iterator[Any]:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH_ROWS, columns=schema.names)


class _ParquetWriter:
    def __init__(self, file: BufferedWriter, schema: Any) -> None:
        self._file = file
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._batches: list[Any] = []
        self._bytes = 0

    def write(self, batch: Any) -> None:
        # Each write makes a row group: a few large ones are faster to read.
        self._batches.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= _GROUP_BYTES:
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
    """One JSON object per line, compressed with gzip or zstd."""

    def __init__(self, compression: Compression) -> None:
        self._compression: Compression = compression
        self.suffix: str = {"gzip": ".ndjson.gz", "zstd": ".ndjson.zst"}[compression]

    def open(self, path: Path, schema: Any) -> RowWriter:  # noqa: ARG002 - JSON needs none
        return _NdjsonWriter(path.open("wb"), self._compression)

    def read(self, path: Path, schema: Any) -> Iterator[Any]:
        fields = [(field.name, _TYPES.get(str(field.type), Any), None) for field in schema]
        decoder = msgspec.json.Decoder(msgspec.defstruct("Row", fields, gc=False))
        with pa.CompressedInputStream(str(path), self._compression) as stream:
            for rows in _batched(map(decoder.decode, BufferedReader(stream))):
                arrays = [
                    pa.array([getattr(row, field.name) for row in rows], field.type)
                    for field in schema
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


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


_TYPES: dict[str, Any] = {"timestamp[ms, tz=UTC]": datetime | None, "date32[day]": date | None}
"""Types that are text in JSON but not in Arrow."""


def _batched(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(rows, _BATCH_ROWS)):
        yield batch


class Ipc:
    """An Arrow IPC stream, uncompressed, for files that are soon read again."""

    suffix = ".arrow"

    def open(self, path: Path, schema: Any) -> RowWriter:
        return _IpcWriter(path.open("wb"), schema)

    def read(self, path: Path, schema: Any) -> Iterator[Any]:
        with path.open("rb") as file, pa.ipc.open_stream(file) as rows:
            for batch in rows:
                yield batch.select([name for name in schema.names if name in batch.schema.names])


class _IpcWriter:
    def __init__(self, file: BufferedWriter, schema: Any) -> None:
        self._file = file
        self._writer: Any = pa.ipc.new_stream(file, schema)

    def write(self, batch: Any) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        with self._file:
            self._writer.close()
