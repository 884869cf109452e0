"""Parquet, with the extra `export`."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]
from msgspec import inspect

from currents_async.cli._output.fields import Field, alternatives, as_text
from currents_async.cli._output.writers import RowWriter
from currents_async.models._model import Model

_arrow: Any = pa  # which has no types
_parquet: Any = pq

_ROWS = 10_000
"""Rows of a row group."""
_WHOLE = range(-(1 << 63), 1 << 63)
"""The integers that a column can hold."""


class ParquetWriter(RowWriter):
    """A column for each field, of the type that the model says; objects and lists are JSON.

    What a column cannot hold, such as a number beyond 64 bits, is null, as in exports.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        """Begin the file."""
        super().__init__(fields)
        self._rows: list[list[Any]] = []
        self._types = [_type_of(field.kind) for field in fields]
        names = [field.name for field in fields]
        self._schema: Any = _arrow.schema(list(zip(names, self._types, strict=True)))
        self._file: Any = _parquet.ParquetWriter(sys.stdout.buffer, self._schema)

    def add(self, item: Model) -> None:
        """Add a row."""
        self._rows.append(self._row(item))
        if len(self._rows) == _ROWS:
            self._write()

    def end(self) -> None:
        """Write what is left."""
        if self._rows:
            self._write()
        self._file.close()

    def _write(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [
            _arrow.array([_value(value, kind) for value in column], kind)
            for column, kind in zip(columns, self._types, strict=True)
        ]
        self._file.write_batch(_arrow.record_batch(arrays, schema=self._schema))
        self._rows = []


def _type_of(kind: inspect.Type) -> Any:
    match [one for one in alternatives(kind) if not isinstance(one, inspect.NoneType)]:
        case [inspect.BoolType()]:
            return _arrow.bool_()
        case [inspect.IntType()]:
            return _arrow.int64()
        case [inspect.FloatType()]:
            return _arrow.float64()
        case [inspect.DateTimeType()]:
            return _arrow.timestamp("ms", tz="UTC")
        case _:
            return _arrow.string()


def _value(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if _arrow.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    if _arrow.types.is_integer(kind):
        return value if value in _WHOLE else None
    return as_text(value) if _arrow.types.is_string(kind) else value
