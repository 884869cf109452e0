"""The tables as a source for dlt, with the extra `dlt`.

```python
pipeline = dlt.pipeline("currents", destination="duckdb", dataset_name="currents")
source = currents_source(["DgTfZV"], since=datetime(2026, 1, 1, tzinfo=UTC))
for load in load_windows(pipeline, source):
    print(load)
```
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

import dlt
import msgspec
import pyarrow as pa
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltResource, DltSource

from currents_async import Currents
from currents_async.errors import InvalidArgumentError
from currents_async.export._export import LOOK_BACK
from currents_async.export.blocking import Connect, EndOfWindow, Portion, read_windows
from currents_async.export.engine_types import in_microseconds
from currents_async.export.loaded_windows import LoadedWindows
from currents_async.export.plan import Plan, make_plan
from currents_async.export.schemas import KEYS, SCHEMAS
from currents_async.export.windows import Window

__all__ = ["currents_source", "load_windows"]

_PARTITION = ("project_id", "day")
_TOMBSTONE = "is_tombstone"
_REPLACING: Final = "delete-insert"
"""dlt's way of merging that replaces a window as a whole."""
_SCOPE: Final = (
    "EXISTS (SELECT 1 FROM {{staging_table}} AS staged"
    " WHERE staged.project_id = {table}.project_id AND staged.day = {table}.day)"
)
"""The rows that a load replaces. As a `merge_key` beside the primary key it would be joined to that
by an OR, for which databases compare all rows with all others."""
_NOTHING = {"string": "", "bool": False, "int32": 0}
"""What columns that are never null have in a tombstone; lists are empty."""


def currents_source(
    project_ids: Iterable[str],
    since: datetime,
    until: datetime | None = None,
    *,
    window: timedelta = timedelta(days=1),
    tables: Iterable[str] = tuple(SCHEMAS),
    look_back: timedelta = LOOK_BACK,
    connect: Connect = Currents,
) -> DltSource:
    """Make a dlt source of all runs of some projects that began in a span of time.

    Each `pipeline.run` of a clone of it loads what is next: `window`, so many whole days in UTC, of
    all projects. It has a resource for each of the `tables`, which gives Arrow data. Days that
    `since` and `until`, by default now, lie in are included as wholes.

    What has been loaded is in the state of the pipeline, which dlt keeps in the destination, with
    the data: a pipeline that was killed goes on with the day it was at, also without its working
    directory. A day that was loaded is loaded again when it can have changed since, as `export`
    says, but only once by the same source.

    - Destinations that can replace rows (dlt's strategy `delete-insert`: databases and warehouses)
      have each day replaced as a whole. Their tables have a column `is_tombstone` more, which is
      null in all rows: by it dlt is told that nothing is left of a day.
    - To others (files, as Parquet in a bucket) rows are only added. So each day is loaded once, not
      before it has been over for `look_back`; what could not be fetched by then is in `errors`.

    `connect` makes the client, for example `lambda: Currents(limits=Limits(rate=10))`; the API key
    is neither configuration of dlt nor kept by it.

    Raises `InvalidArgumentError`. While it is run, dlt raises its own errors, caused by what
    `export` raises.
    """
    plan = make_plan(connect(), projects=project_ids, since=since, until=until, tables=tables)
    if window < timedelta(days=1) or window % timedelta(days=1):
        raise InvalidArgumentError(f"window must be whole days, at least one, not {window}")
    if look_back < timedelta():
        raise InvalidArgumentError(f"look_back must be a timedelta of at least 0, not {look_back}")
    loading = _Loading(plan, connect, window=window, look_back=look_back)
    return DltSource(dlt.Schema("currents"), "currents", list(loading.resources()))


def load_windows(pipeline: dlt.Pipeline, source: DltSource) -> Iterator[LoadInfo]:
    """Run a pipeline until all that there is in a `currents_source` has been loaded.

    Each load holds what the source calls a `window`, and is there for good when it is handed out.
    The first one may be what was left of an earlier run.
    """
    if pipeline.has_pending_data:
        yield pipeline.run()
    while not (load := pipeline.run(source.clone())).is_empty:
        yield load


class _Loading:
    """What is loaded, one portion after the other."""

    def __init__(
        self, plan: Plan, connect: Connect, *, window: timedelta, look_back: timedelta
    ) -> None:
        self._plan = plan
        self._connect = connect
        self._window = window
        self._look_back = look_back

    def resources(self) -> Iterator[DltResource]:
        """Make a resource for each table, of one that fetches for all of them."""

        # dlt takes plain functions only.
        def windows() -> Generator[Portion]:
            yield from self._fetch()

        fetched = dlt.resource(windows, selected=False)
        yield fetched
        for table in self._plan.tables:
            yield _resource_of(table, fetched)

    def _fetch(self) -> Generator[Portion]:
        source = dlt.current.source()
        replaces = _can_replace(dlt.current.pipeline())
        chosen = [table for table in self._plan.tables if table in source.selected_resources]
        for table in chosen:
            _choose_disposition(source.resources[table], replaces=replaces)
        plan = msgspec.structs.replace(self._plan, tables=tuple(chosen))
        loaded = LoadedWindows(dlt.current.source_state(), chosen)
        windows = self._next_windows(loaded, replaces=replaces)
        if not windows:
            return
        with closing(read_windows(self._connect, plan, windows)) as found:
            for one in found:
                if isinstance(one, Portion):
                    yield one
                    continue
                if replaces:
                    yield from _tombstones(one)
                entry = one.entry
                final = entry.is_final(now=one.began, look_back=self._look_back)
                loaded.add(entry, final=final or not replaces)

    def _next_windows(self, loaded: LoadedWindows, *, replaces: bool) -> list[Window]:
        left = [
            window
            for window in self._plan.windows
            if not loaded.is_final(window) and self._is_due(window, loaded, replaces=replaces)
        ]
        return [one for one in left if one.day < left[0].day + self._window]

    def _is_due(self, window: Window, loaded: LoadedWindows, *, replaces: bool) -> bool:
        if not replaces:
            return self._plan.made_at - window.end >= self._look_back
        loaded_at = loaded.loaded_at(window)
        return loaded_at is None or loaded_at < self._plan.made_at


def _resource_of(table: str, fetched: DltResource) -> DltResource:
    def batches(portion: Portion) -> Iterator[pa.RecordBatch]:
        if portion.table == table:
            yield in_microseconds(portion.batch)

    return dlt.transformer(
        batches,
        data_from=fetched,
        name=table,
        primary_key=KEYS[table],
    )


def _can_replace(pipeline: dlt.Pipeline) -> bool:
    capabilities = pipeline.destination.capabilities()
    strategies = capabilities.supported_merge_strategies
    # Where it depends on the format of tables, this is what they are by default.
    select = capabilities.merge_strategies_selector
    if select is not None:  # pyright: ignore[reportUnnecessaryComparison] - most have none
        strategies = select(strategies, table_schema={})
    return _REPLACING in strategies


def _choose_disposition(resource: DltResource, *, replaces: bool) -> None:
    if not replaces:
        resource.apply_hints(write_disposition="append")
        return
    resource.apply_hints(
        write_disposition={
            "disposition": "merge",
            "strategy": _REPLACING,
            "destination_scope": _SCOPE.format(table=resource.name),
        },
        columns={_TOMBSTONE: {"data_type": "bool", "hard_delete": True}},
    )


def _tombstones(end: EndOfWindow) -> Iterator[Portion]:
    """Make rows that stand for all rows of a window: of tables where it has none, or none any more.

    Without any rows of it, dlt would leave those that it has loaded before.
    """
    window = end.entry.window
    for table in end.empty:
        schema = SCHEMAS[table]
        row = {
            "project_id": window.project_id,
            "day": window.day,
            **{field.name: _nothing(field) for field in schema if field.name not in _PARTITION},
        }
        batch = pa.RecordBatch.from_pylist([row], schema=schema)
        yield Portion(window, table, batch.append_column(_TOMBSTONE, pa.array([True])))


def _nothing(field: "pa.Field[Any]") -> object:
    return None if field.nullable else _NOTHING.get(str(field.type), [])
