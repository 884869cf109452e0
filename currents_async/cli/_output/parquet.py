"""Parquet, with the extra `export`."""

import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]

from currents_async.arrow._kinds import DAY, MOMENT
from currents_async.arrow._of_models import kind_in_json
from currents_async.cli._output.fields import Field, leaves_of
from currents_async.cli._output.writers import RowWriter
from currents_async.models._model import Model

_arrow: Any = pa  # which has no types
_parquet: Any = pq

_ROWS = 10_000
"""Rows of a row group."""


class ParquetWriter(RowWriter):
    """A column for each field, also of objects, of the type that the model says.

    Lists of texts are lists, and others JSON. What a column cannot hold, such as a number beyond 64
    bits, is null, as in exports.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        """Begin the file."""
        super().__init__(leaves_of(fields))
        self._rows: list[list[Any]] = []
        self._kinds: list[Any] = [kind_in_json(field.kind) for field in self._fields]
        columns = zip(self._fields, self._kinds, strict=True)
        self._schema: Any = _arrow.schema([(field.name, kind.arrow) for field, kind in columns])
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
        arrays = [_array(column, kind) for column, kind in zip(columns, self._kinds, strict=True)]
        self._file.write_batch(_arrow.record_batch(arrays, schema=self._schema))
        self._rows = []


_PARSED: dict[Any, Callable[[str], Any]] = {
    MOMENT: datetime.fromisoformat,
    DAY: date.fromisoformat,
}


def _array(values: Sequence[Any], kind: Any) -> Any:
    parse = _PARSED.get(kind)
    if parse is None:
        return kind.array(values)
    return kind.array([None if one is None else parse(one) for one in values])
