"""Types that engines support: times in microseconds, and text in place of lists."""

from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc


def schema_in_microseconds(schema: pa.Schema) -> pa.Schema:
    """Return a schema with timestamps in microseconds, and without metadata."""
    fields: list[pa.Field[Any]] = list(schema)
    return pa.schema([pa.field(one.name, _type_of(one), one.nullable) for one in fields])


def in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.cast(schema_in_microseconds(batch.schema))


def list_columns(schema: pa.Schema) -> list[str]:
    """Return the names of the columns that hold lists, which are all lists of text."""
    return _columns_of(schema, pa.types.is_list)


def lists_as_json(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with JSON text in place of lists, and without NUL characters in it."""
    return _with_columns(batch, list_columns(batch.schema), _as_json)


def without_nul(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch without NUL characters, which few databases can store."""
    return _with_columns(batch, _columns_of(batch.schema, pa.types.is_string), _without_nul)


def _columns_of(schema: pa.Schema, has_type: Callable[[pa.DataType], bool]) -> list[str]:
    fields: list[pa.Field[Any]] = list(schema)
    return [one.name for one in fields if has_type(one.type)]


def _with_columns(
    batch: pa.RecordBatch, names: list[str], convert: Callable[[Any], Any]
) -> pa.RecordBatch:
    for name in names:
        index = batch.schema.get_field_index(name)
        field = batch.schema.field(index).with_type(pa.string())
        batch = batch.set_column(index, field, convert(batch.column(index)))
    return batch


def _as_json(lists: Any) -> Any:
    cleaned = ([text.replace("\0", "") for text in texts] for texts in lists.to_pylist())
    return pa.array([msgspec.json.encode(texts).decode() for texts in cleaned], pa.string())


def _without_nul(texts: Any) -> Any:
    return pc.replace_substring(texts, "\0", "")  # pyright: ignore[reportAttributeAccessIssue]


def _type_of(field: "pa.Field[Any]") -> pa.DataType:
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(field.type) else field.type
