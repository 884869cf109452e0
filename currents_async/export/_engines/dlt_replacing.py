"""Which rows of a database a load replaces: no more than those of what was fetched again.

Rows are replaced by run, or in tables of instances by instance: those of what the server no longer
has, or did not send, stay. A row whose column `is_tombstone` is true is not stored: it only deletes
the rows that it would replace.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import dlt
import pyarrow as pa
from dlt.common.destination.exceptions import DestinationUndefinedEntity

from currents_async.export._engines.blocking import TableBatch, WindowSummary
from currents_async.export._engines.dlt_destination import SCHEMA
from currents_async.export._engines.dlt_files import to_be_dropped
from currents_async.export._merge import Fresh
from currents_async.export._tables import OF_INSTANCES, OF_RUNS, SCHEMAS
from currents_async.export._tables.rows import RowBuilder
from currents_async.export._windows import Window

TOMBSTONE: Final = "is_tombstone"
_WITH_FILES: Final = ("specs", "tests")
_NOTHING = {"string": "", "bool": False, "int32": 0}
"""The values of columns that are never null in a tombstone; lists are empty."""
_IDS_AT_ONCE = 500
"""Some databases accept at most 2,000 arguments."""


def scope_of(table: str) -> str:
    """Return the rows that a load replaces, in SQL.

    A `merge_key` beside the primary key would be combined with it by OR, for which databases
    compare all rows with each other.
    """
    same = " AND ".join(f"staged.{name} = {table}.{name}" for name in _columns_of_scope(table))
    return f"EXISTS (SELECT 1 FROM {{staging_table}} AS staged WHERE {same})"  # noqa: S608 - ours


def _columns_of_scope(table: str) -> tuple[str, ...]:
    day = ("project_id", "day")
    if table == "errors":
        return day
    return (*day, "run_id", "instance_id") if table in OF_INSTANCES else (*day, "run_id")


def rows_at_end(end: WindowSummary, tables: Collection[str]) -> Iterator[TableBatch]:
    """Make the rows of a window that depend on those that are there, after all others."""
    window = end.entry.window
    if "errors" in end.empty:
        yield _tombstones(window, "errors", [{}])
    if end.fresh is not None:
        yield from _partial_runs(end, end.fresh, tables)
        yield from _superseded(window, end.fresh, tables)


def _partial_runs(
    end: WindowSummary, fresh: Fresh, tables: Collection[str]
) -> Iterator[TableBatch]:
    """Make rows of runs that came only as the list has them, unless there are old rows of them."""
    of_runs = [table for table in OF_RUNS if table in tables]
    if not of_runs or not fresh.partial:
        return
    window = end.entry.window
    existing = {run_id for (run_id,) in _find(window, of_runs[0], ("run_id",), fresh.partial)}
    builder = RowBuilder(window.project_id, window.day, of_runs, exported_at=end.began)
    for run_id, run in fresh.partial.items():
        if run_id not in existing:
            builder.add_run(run)
    for table, batch in builder.take():
        yield TableBatch(window, table, batch)


def _superseded(window: Window, fresh: Fresh, tables: Collection[str]) -> Iterator[TableBatch]:
    """Make tombstones of instances whose spec files have been executed as others since."""
    of_instances = [table for table in OF_INSTANCES if table in tables]
    if not of_instances:
        return
    superseded = {
        (run_id, instance_id)
        for table in _WITH_FILES
        if table in tables
        for run_id, group_id, spec, instance_id in _find(
            window, table, ("run_id", "group_id", "spec", "instance_id"), fresh.specs
        )
        if fresh.is_superseded(run_id, group_id, spec, instance_id)
    }
    if superseded:
        keys = [{"run_id": run_id, "instance_id": one} for run_id, one in sorted(superseded)]
        for table in of_instances:
            yield _tombstones(window, table, keys)


def holds_rows(table: str) -> bool:
    """Return whether the database of the current pipeline has rows in a table."""
    return any(count for (count,) in _query(table, "SELECT COUNT(*) FROM {table}"))


def _find(
    window: Window, table: str, columns: Iterable[str], run_ids: Iterable[str]
) -> Iterator[Any]:
    """Query what the database of the current pipeline has of some runs."""
    ids = list(run_ids)
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        yield from _query(
            table,
            f"SELECT DISTINCT {', '.join(columns)} FROM {{table}}"  # noqa: S608 - ours
            f" WHERE project_id = %s AND run_id IN ({', '.join(['%s'] * len(some))})",
            window.project_id,
            *some,
        )


def _query(table: str, sql: str, *values: str) -> Iterator[Any]:
    """Query a table, which may not exist yet, in the database of the current pipeline."""
    if table in to_be_dropped():
        return
    pipeline = dlt.current.pipeline()
    # Before its first load, a pipeline has no schema.
    known: Any = SCHEMA if SCHEMA in pipeline.schema_names else None
    with pipeline.sql_client(known) as client:
        # The values are passed apart, everything else is ours.
        query: Any = sql.format(table=client.make_qualified_table_name(table))
        with suppress(DestinationUndefinedEntity):
            yield from client.execute_sql(query, *values) or ()


def _tombstones(window: Window, table: str, keys: Iterable[Mapping[str, str]]) -> TableBatch:
    schema = SCHEMAS[table]
    nothing = {field.name: _nothing(field) for field in schema}
    of_day = {**nothing, "project_id": window.project_id, "day": window.day}
    batch = pa.RecordBatch.from_pylist([{**of_day, **key} for key in keys], schema=schema)
    marks = pa.array([True] * batch.num_rows)
    return TableBatch(window, table, batch.append_column(TOMBSTONE, marks))


def _nothing(field: "pa.Field[Any]") -> object:
    return None if field.nullable else _NOTHING.get(str(field.type), [])
