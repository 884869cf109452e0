"""The formats of files.

Parquet is compressed with zstd, in row groups of about 48 MiB uncompressed. Files of more than
1 MiB include the metadata of the schema: the table's `doc` and `key`, and the `doc` and `unit` of
each column. In smaller ones, which may be thousands, they would be most of the file.

NDJSON has one object per line, with all columns in order: moments in ISO 8601 and UTC, to the
millisecond (`2026-01-05T09:00:00.123000Z`), days as `2026-01-05`, lists as arrays, null as null.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

Compression = Literal["gzip", "zstd"]

_GROUP_BYTES = 48 << 20
_SMALL = 1 << 20
_BATCH_ROWS = 8192


class Format(Protocol):
    """A format of files of tables."""

    suffix: str

    def write(self, path: Path, schema: Any, batches: Iterable[Any]) -> None:
        """Write the rows of some `pyarrow.RecordBatch`es to a file."""
        ...

    def read(self, path: Path, schema: Any) -> Iterator[Any]:
        """Iterate over the rows of a file, in batches of the columns that it has of a schema."""
        ...


class Parquet:
    """Parquet, compressed with zstd."""

    suffix = ".parquet"

    def write(self, path: Path, schema: Any, batches: Iterable[Any]) -> None:
        groups = _in_groups(schema, batches)
        group = next(groups, schema.empty_table())
        has_docs = group.nbytes >= _SMALL
        if not has_docs:
            schema = _without_docs(schema)
        with pq.ParquetWriter(path, schema, compression="zstd", store_schema=has_docs) as writer:
            writer.write_table(group.cast(schema))
            for further in groups:
                writer.write_table(further)

    def read(self, path: Path, schema: Any) -> Iterator[Any]:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH_ROWS, columns=schema.names)


def _in_groups(schema: Any, batches: Iterable[Any]) -> Iterator[Any]:
    """Join batches to tables that are large enough for a row group: few are faster to read."""
    group: list[Any] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= _GROUP_BYTES:
            yield pa.Table.from_batches(group, schema)
            group, size = [], 0
    if group:
        yield pa.Table.from_batches(group, schema)


def _without_docs(schema: Any) -> Any:
    return pa.schema([field.remove_metadata() for field in schema])


class Ndjson:
    """One JSON object per line, compressed with gzip or zstd."""

    def __init__(self, compression: Compression) -> None:
        self._compression: Compression = compression
        self.suffix: str = {"gzip": ".ndjson.gz", "zstd": ".ndjson.zst"}[compression]

    def write(self, path: Path, schema: Any, batches: Iterable[Any]) -> None:  # noqa: ARG002 - JSON needs none
        encoder = msgspec.json.Encoder()
        with path.open("wb") as file, pa.CompressedOutputStream(file, self._compression) as stream:
            for batch in batches:
                stream.write(encoder.encode_lines(batch.to_pylist()))

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


_TYPES: dict[str, Any] = {"timestamp[ms, tz=UTC]": datetime | None, "date32[day]": date | None}
"""Types that are text in JSON but not in Arrow."""


def _batched(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(rows, _BATCH_ROWS)):
        yield batch
