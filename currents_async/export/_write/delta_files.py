"""The files of Delta tables, which are Parquet, written before they are added to a table.

    tests/2026-01/2026-01-05.8f0c2d6a1b3e4f57.parquet

No reader finds them by their names: the log has the project, and from which day to which one.
"""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa

from currents_async.export._tables import STORED, conform, schema_of
from currents_async.export._write.formats import Parquet
from currents_async.export._write.stores import Publication, Store

PROJECT = "project_id"
"""The column that tables are partitioned by."""


class DeltaFile(NamedTuple):
    """A file of a table, as its log has it."""

    name: str
    """Below the directory of the table."""
    size: int
    project_id: str
    first: date
    """The first day that it may have rows of."""
    last: date
    rows: int

    @property
    def is_of_one_day(self) -> bool:
        """Whether it has the rows of one window only."""
        return self.first == self.last


class NewFile(NamedTuple):
    """A file that is not part of a table yet, and where it is until it is published."""

    file: DeltaFile
    publication: Publication


@cache
def stored_schema(table: str) -> Any:
    """Return the schema of the files of a table: in Delta, moments are in microseconds."""
    return pa.schema([_stored_field(field) for field in STORED[table]])


def _stored_field(field: Any) -> Any:
    if pa.types.is_timestamp(field.type):
        field = field.with_type(pa.timestamp("us", "UTC"))
    text = field.metadata[b"doc"].decode()
    if b"unit" in field.metadata:
        text += f" Unit: {field.metadata[b'unit'].decode()}."
    return field.with_metadata({"comment": text})


def write_file(store: Store, table: str, project_id: str, batches: Iterable[Any]) -> NewFile | None:
    """Write the rows of a project to a file that no reader sees yet; None if there are none."""
    staged = store.stage(f"{table}.parquet")
    rows = _Counted(batches, stored_schema(table))
    Parquet().write(staged, stored_schema(table), rows)
    if not rows.count:
        staged.unlink()
        return None
    name = f"{rows.first:%Y-%m}/{rows.first}.{secrets.token_hex(8)}.parquet"
    size = staged.stat().st_size
    file = DeltaFile(name, size, project_id, rows.first, rows.last, rows.count)
    return NewFile(file, Publication(staged, f"{table}/{name}"))


class _Counted:
    """Rows that are counted while they are written."""

    def __init__(self, batches: Iterable[Any], schema: Any) -> None:
        self._batches = batches
        self._schema = schema
        self.count = 0
        self.first = date.max
        self.last = date.min

    def __iter__(self) -> Iterator[Any]:
        for batch in self._batches:
            if batch.num_rows:
                days = batch.column("day").unique().to_pylist()
                self.count += batch.num_rows
                self.first = min(self.first, *days)
                self.last = max(self.last, *days)
                yield conform(batch, self._schema)


def read_file(
    store: Store,
    table: str,
    file: DeltaFile,
    columns: Sequence[str] | None = None,
    *,
    where: Any = None,
) -> Iterator[Any]:
    """Iterate over the rows of a file for which an expression is true, or some of their columns."""
    schema: Any = STORED[table] if columns is None else schema_of(table, columns)
    wanted = schema_of(table, dict.fromkeys([PROJECT, "day", *schema.names]))
    with store.fetch(f"{table}/{file.name}") as path:
        if path is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file.name)
        for batch in Parquet().read(path, wanted):
            rows = conform(_with_project(batch, file.project_id), wanted)
            yield (rows if where is None else rows.filter(where)).select(schema.names)


def _with_project(batch: Any, project_id: str) -> Any:
    """Add the project to the rows of a file of another program, which has it in the log only."""
    if PROJECT in batch.schema.names:
        return batch
    return batch.append_column(PROJECT, pa.repeat(project_id, batch.num_rows))
