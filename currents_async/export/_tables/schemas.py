"""The schemas of all tables: `TABLES.md` shows them."""

from collections.abc import Mapping
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

__all__ = ["KEYS", "SCHEMAS", "conform"]

_TABLES = [
    rows.table
    for rows in (RunRows, GroupRows, SpecRows, TestRows, AttemptRows, ArtifactRows, ErrorRows)
]

SCHEMAS: Mapping[str, pa.Schema] = MappingProxyType({one.name: one.schema for one in _TABLES})
"""By the names of the tables. Each field has a `doc` and where it matters a `unit` as metadata."""
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: one.key for one in _TABLES})
"""The columns whose values no two rows of a table share."""


def conform(batch: Any, schema: Any) -> Any:
    """Return rows in a schema's columns and types; what an older release did not write is null."""
    there = set(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type)
        if field.name in there
        else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
