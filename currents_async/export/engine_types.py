"""Types that engines know: they count time in microseconds, and not all of them by another unit."""

from typing import Any

import pyarrow as pa


def schema_in_microseconds(schema: pa.Schema) -> pa.Schema:
    """Return a schema with other timestamps, and without metadata."""
    fields: list[pa.Field[Any]] = list(schema)
    return pa.schema([pa.field(one.name, _type_of(one), one.nullable) for one in fields])


def in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with other timestamps."""
    return batch.cast(schema_in_microseconds(batch.schema))


def _type_of(field: "pa.Field[Any]") -> pa.DataType:
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(field.type) else field.type
