"""The tables, one file each: their columns, and where models have the values.

They are documented in `TABLES.md`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from currents_async.export._tables.artifacts import ArtifactRows
from currents_async.export._tables.attempts import AttemptRows
from currents_async.export._tables.errors import ErrorRows
from currents_async.export._tables.run_groups import GroupRows
from currents_async.export._tables.runs import RunRows
from currents_async.export._tables.specs import SpecRows
from currents_async.export._tables.tests import TestRows

_TABLES = [
    rows.table
    for rows in (RunRows, GroupRows, SpecRows, TestRows, AttemptRows, ArtifactRows, ErrorRows)
]

SCHEMAS: Mapping[str, pa.Schema] = MappingProxyType({one.name: one.schema for one in _TABLES})
"""The schema of each table. The metadata of a field have its `doc`, and its `unit` if any."""
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: one.key for one in _TABLES})
"""The columns that identify a row of each table."""


def schema_of(table: str, columns: Iterable[str]) -> Any:
    """Return the schema of a table with some of its columns."""
    schema: Any = SCHEMAS[table]
    return pa.schema([schema.field(name) for name in columns], metadata=schema.metadata)


def conform(batch: Any, schema: Any) -> Any:
    """Convert rows to a schema; columns that an older release did not write are null."""
    there = set(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type)
        if field.name in there
        else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
