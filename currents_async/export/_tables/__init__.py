"""The tables, one file each: their columns, and where models have the values.

They are documented in `TABLES.md`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from currents_async.export._tables.annotations import AnnotationRows, MetricRows
from currents_async.export._tables.artifacts import ArtifactRows
from currents_async.export._tables.attempts import AttemptRows
from currents_async.export._tables.environments import EnvironmentRows
from currents_async.export._tables.errors import ErrorRows
from currents_async.export._tables.run_groups import GroupRows
from currents_async.export._tables.runs import RunRows
from currents_async.export._tables.specs import SpecRows
from currents_async.export._tables.table import comment_of, strange_columns
from currents_async.export._tables.tests import TestRows
from currents_async.export._tables.windows import SCHEMA, WINDOWS, window_row

__all__ = [
    "KEYS",
    "OF_INSTANCES",
    "OF_RUNS",
    "SCHEMAS",
    "STORED",
    "VERSION",
    "WINDOWS",
    "comment_of",
    "conform",
    "schema_of",
    "strange_columns",
    "window_row",
]

_OF_RUNS = [RunRows.table, GroupRows.table, EnvironmentRows.table]
_OF_INSTANCES = [
    rows.table for rows in (TestRows, AttemptRows, AnnotationRows, MetricRows, ArtifactRows)
]
_TABLES = [*_OF_RUNS, SpecRows.table, *_OF_INSTANCES, ErrorRows.table]

VERSION = 3
"""Of the tables: 2 had no `exported_at`, and 1 neither `environments`, `annotations` and `metrics`,
nor some columns."""
OF_RUNS: tuple[str, ...] = tuple(one.name for one in _OF_RUNS)
"""Tables whose rows are replaced by run, and come without the specs of it."""
OF_INSTANCES: tuple[str, ...] = tuple(one.name for one in _OF_INSTANCES)
"""Tables whose rows are replaced by instance."""
SCHEMAS: Mapping[str, pa.Schema] = MappingProxyType({one.name: one.schema for one in _TABLES})
"""The schema of each table. The metadata of a field have its `doc`, and its `unit` if any."""
STORED: Mapping[str, pa.Schema] = MappingProxyType({**SCHEMAS, WINDOWS: SCHEMA})
"""The schemas of all tables of a target."""
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: one.key for one in _TABLES})
"""The columns that identify a row of each table."""


def schema_of(table: str, columns: Iterable[str]) -> Any:
    """Return the schema of a table with some of its columns."""
    schema: Any = STORED[table]
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
