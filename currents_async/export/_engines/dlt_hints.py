"""How dlt is to load each table: whether rows are replaced, and what stands for lists."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from dlt.extract import DltResource

from currents_async.export._engines.dlt_destination import REPLACING, file_format_of, has_lists
from currents_async.export._engines.dlt_replacing import TOMBSTONE, scope_of
from currents_async.export._engines.engine_types import (
    in_microseconds,
    list_columns,
    lists_as_json,
    without_nul,
)
from currents_async.export._tables.schemas import SCHEMAS

Convert = Callable[[pa.RecordBatch], pa.RecordBatch]


def apply_hints(resource: DltResource, *, replaces: bool) -> Convert:
    """Tell dlt how to load a table; return what converts its rows before."""
    file_format = file_format_of(resource)
    keeps_lists = has_lists(resource, file_format)
    columns: dict[str, Any] = {} if keeps_lists else _json_columns(SCHEMAS[resource.name])
    disposition: Any = "append"
    if replaces:
        disposition = {
            "disposition": "merge",
            "strategy": REPLACING,
            "destination_scope": scope_of(resource.name),
        }
        columns[TOMBSTONE] = {"data_type": "bool", "hard_delete": True}
    resource.apply_hints(write_disposition=disposition, columns=columns, file_format=file_format)
    return in_microseconds if keeps_lists else _as_texts


def _json_columns(schema: pa.Schema) -> dict[str, Any]:
    return {
        name: {"data_type": "json", "nullable": schema.field(name).nullable}
        for name in list_columns(schema)
    }


def _as_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    return without_nul(lists_as_json(in_microseconds(batch)))
