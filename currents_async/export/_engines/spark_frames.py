"""Frames of Spark: the columns of one table, or of several with a struct for each."""

from collections.abc import Sequence
from typing import Any, Final, Self

import pyarrow as pa

from currents_async.export._engines.engine_types import in_microseconds, schema_in_microseconds
from currents_async.export._tables import SCHEMAS

_TYPES: Final = {
    "string": "STRING",
    "bool": "BOOLEAN",
    "int32": "INT",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMP",
    "list<element: string>": "ARRAY<STRING>",
}
_WINDOW: Final = ("project_id", "day")


class Frame:
    """What a frame looks like."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema

    @classmethod
    def of_table(cls, table: str, columns: Sequence[str]) -> Self:
        """Make a frame of some columns of a table."""
        schema = schema_in_microseconds(SCHEMAS[table])
        return cls(pa.schema([schema.field(name) for name in columns]))

    @classmethod
    def of_tables(cls, tables: Sequence[str]) -> Self:
        """Make a frame in which `table` says in which struct the values of a row are.

        The structs of other tables are null.
        """
        window = [SCHEMAS[tables[0]].field(name).remove_metadata() for name in _WINDOW]
        structs = [pa.field(table, _struct_of(table)) for table in tables]
        return cls(pa.schema([pa.field("table", pa.string(), nullable=False), *window, *structs]))

    @property
    def ddl(self) -> str:
        """The columns, as Spark wants them."""
        return ", ".join(
            f"`{one.name}` {_type_of(one.type)}{'' if one.nullable else ' NOT NULL'}"
            for one in _fields(self.schema)
        )

    def rows(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Make rows of the frame of those of a table."""
        batch, count = in_microseconds(batch), batch.num_rows
        if "table" not in self.schema.names:
            return batch.select(self.schema.names)
        known: dict[str, Any] = {
            "table": pa.repeat(pa.scalar(table), count),
            **{name: batch.column(name) for name in _WINDOW},
            table: pa.StructArray.from_arrays(
                batch.columns, fields=_fields(self.schema.field(table).type)
            ),
        }
        return pa.RecordBatch.from_arrays(
            [known.get(field.name, pa.nulls(count, field.type)) for field in _fields(self.schema)],
            schema=self.schema,
        )


def _struct_of(table: str) -> pa.DataType:
    fields = _fields(schema_in_microseconds(SCHEMAS[table]))
    return pa.struct([one.with_nullable(True) for one in fields])  # noqa: FBT003 - pyarrow's


def _type_of(kind: pa.DataType) -> str:
    if not pa.types.is_struct(kind):
        return _TYPES[str(kind)]
    return f"STRUCT<{', '.join(f'`{one.name}`: {_type_of(one.type)}' for one in _fields(kind))}>"


def _fields(schema: Any) -> "list[pa.Field[Any]]":
    return list(schema)
