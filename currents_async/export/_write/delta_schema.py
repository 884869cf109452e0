"""What Delta tables are made as, and whether they still are so."""

from functools import cache
from typing import Any

from deltalake import DeltaTable, Schema

from currents_async.errors import ExportError
from currents_async.export._tables import STORED, strange_columns
from currents_async.export._write.delta_files import PROJECT, stored_schema
from currents_async.export._write.delta_place import DeltaPlace

_ESSENTIAL_COLUMNS = ("project_id", "day")
_READER_VERSION = 1
_CONFIGURATION = {"delta.checkpointInterval": "10"}
"""Commits until the next checkpoint: each commit reads the log from the last one on."""


@cache
def delta_schema(table: str) -> Schema:
    """Return the schema of a table, as Delta has it."""
    return Schema.from_arrow(stored_schema(table))


def make_table(place: DeltaPlace, table: str) -> DeltaTable:
    """Make a table without rows, unless another process has just done so."""
    metadata: Any = STORED[table].metadata
    return DeltaTable.create(
        place.uri_of(table),
        schema=delta_schema(table),
        mode="ignore",
        partition_by=[PROJECT],
        name=table,
        description=metadata[b"doc"].decode(),
        configuration=_CONFIGURATION,
        storage_options=place.options,
    )


def check_table(table: str, log: DeltaTable) -> None:
    """Raise `ExportError` for a table that no export has made, or that was altered since."""
    version = log.protocol().min_reader_version
    if version > _READER_VERSION:
        raise ExportError(
            f"the Delta table {table} was altered: reading it takes version {version} of the "
            "protocol, with features like column mapping or deletion vectors: use another target"
        )
    existing, wanted = _types(log.schema()), _types(delta_schema(table))
    strange = strange_columns(existing, wanted, _ESSENTIAL_COLUMNS)
    if strange or log.metadata().partition_columns != [PROJECT]:
        raise ExportError(
            f"the Delta table {table} was altered, or not made by an export (columns "
            f"{', '.join(strange) or PROJECT}): use another target"
        )


def add_columns(table: str, log: DeltaTable) -> None:
    """Add the columns that an older release did not write."""
    existing = _types(log.schema())
    missing = [field for field in delta_schema(table).fields if field.name not in existing]
    if missing:
        log.alter.add_columns(missing)


def _types(schema: Schema) -> dict[str, str]:
    return {field.name: field.type.to_json() for field in schema.fields}
