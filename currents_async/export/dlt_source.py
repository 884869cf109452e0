"""The tables as a source for dlt, with the extra `dlt`.

```python
pipeline = dlt.pipeline("currents", destination="duckdb", dataset_name="currents")
source = currents_source(["DgTfZV"], since=datetime(2026, 1, 1, tzinfo=UTC))
for load in load_windows(pipeline, source):
    print(load)
```

`pipeline.run(source)` loads the same as one load, which begins anew when it is killed.
"""

import logging
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import dlt
import msgspec
import pyarrow as pa
from dlt.common.destination import TLoaderFileFormat
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltResource, DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from currents_async import Currents
from currents_async._redaction import hide_signatures
from currents_async.errors import DecodeError, InvalidArgumentError
from currents_async.export._engines.blocking import Connect, TableBatch, WindowSummary, read_windows
from currents_async.export._engines.dlt_destination import (
    REPLACING,
    SCHEMA,
    can_replace,
    file_format_of,
    has_lists,
)
from currents_async.export._engines.dlt_files import check_files
from currents_async.export._engines.dlt_replacing import (
    TOMBSTONE,
    holds_rows,
    rows_at_end,
    scope_of,
)
from currents_async.export._engines.engine_types import (
    in_microseconds,
    list_columns,
    lists_as_json,
    without_nul,
)
from currents_async.export._engines.loaded_windows import LoadedWindows
from currents_async.export._export import LOOK_BACK
from currents_async.export._missing import GIVE_UP_AFTER
from currents_async.export._plan import Plan, check_look_back, make_plan
from currents_async.export._tables.schemas import KEYS, SCHEMAS
from currents_async.export._windows import Window

__all__ = ["currents_source", "load_windows"]

_WINDOWS: Final = "windows"
"""The resource that fetches for all others."""
_DAY: Final = timedelta(days=1)
_logger = logging.getLogger("currents_async.export")

_Convert = Callable[[pa.RecordBatch], pa.RecordBatch]


def currents_source(
    project_ids: Iterable[str],
    since: datetime,
    until: datetime | None = None,
    *,
    tables: Iterable[str] = tuple(SCHEMAS),
    look_back: timedelta = LOOK_BACK,
    connect: Connect = Currents,
) -> DltSource:
    """Make a dlt source of all runs of some projects that began in a span of time.

    It has a resource for each of the `tables`, which gives Arrow data. Days that `since` and
    `until`, by default now, lie in are included as wholes, in UTC.

    `pipeline.run` loads all that there is to load as one load: all of it is there at the end, or
    nothing is; after one that was killed while dlt loaded, it ends that one first, and that only.
    For more than a few days use `load_windows`, which loads a day at a time, so that what is killed
    goes on with the day it was at. Both load only what has not been loaded: that is in the state of
    the pipeline, which dlt keeps in the destination, with the data, and finds there also without
    its working directory. A day that was loaded is loaded again when it can have changed since, as
    `export` says, but only once by the same source; and for 14 days as long as something of it
    could not be fetched.

    A list of runs that fails, as of a project that was deleted, is a row in `errors` and a warning
    of the logger `currents_async.export`; its day is asked for again by the next source, during
    those 14 days. Only what all projects are refused with is raised, and what is about none of
    them, as `export` says.

    - Destinations that can replace rows (dlt's strategy `delete-insert`: databases and warehouses)
      have those of a run, of `tests`, `attempts` and `artifacts` those of an instance, replaced by
      what comes of it, also when the state is lost. Rows of what the server has no more, or does
      not send, stay as they were; but those of an instance go whose spec file has been executed
      as another one since, and rows of `specs` that a run comes without. Their tables have a
      column `is_tombstone` more, which is null in all rows: by it dlt is told which ones go. Lists
      are JSON there, `jsonb` in PostgreSQL. Where dlt loads CSV, as it does into PostgreSQL, an
      empty text in a column that may be null is null, and NUL characters are left out;
      `loader_file_format="insert_values"` keeps the former, and takes twice the time.
    - To others (files, as Parquet in a bucket) rows are only added. So each day is loaded once, not
      before it has been over for `look_back`; what could not be fetched by then is in `errors`,
      unless it is the whole list, and a list that is cut off is raised. Where the state is lost, or
      a pipeline of another name has loaded, nothing is loaded, for rows would be there twice. A
      load that was killed can leave files that no later one knows of, if the working directory is
      lost too: they are named in a warning of the logger `currents_async.export`.

    `connect` makes the client, for example `lambda: Currents(limits=Limits(rate=10))`; the API key
    is neither configuration of dlt nor kept by it.

    Raises `InvalidArgumentError`. While it is run, dlt raises its own errors, caused by what
    `export` raises.
    """
    plan = make_plan(connect(), projects=project_ids, since=since, until=until, tables=tables)
    check_look_back(look_back)
    loading = _Loading(plan, connect, look_back=look_back)
    return DltSource(dlt.Schema(SCHEMA), SCHEMA, list(loading.resources()))


def load_windows(
    pipeline: dlt.Pipeline,
    source: DltSource,
    *,
    window: timedelta = _DAY,
    loader_file_format: TLoaderFileFormat | None = None,
) -> Iterator[LoadInfo]:
    """Run a pipeline until all that there is in a `currents_source` has been loaded.

    Each load holds `window`, so many whole days in UTC, of all projects, and is there for good when
    it is handed out. The first one may be what was left of an earlier run; where days are replaced,
    what is left and cannot be loaded is fetched again. `loader_file_format` is that of
    `pipeline.run`.

    Raises `InvalidArgumentError`, and what `pipeline.run` raises.
    """
    if window < _DAY or window % _DAY:
        raise InvalidArgumentError(f"window must be whole days, at least one, not {window}")
    file_format: Any = loader_file_format
    run = partial(pipeline.run, loader_file_format=file_format)
    return _load(pipeline, lambda: run(_part_of(source, window)))


def _load(pipeline: dlt.Pipeline, load_next: Callable[[], LoadInfo]) -> Iterator[LoadInfo]:
    if pipeline.has_pending_data and (load := _load_what_is_left(pipeline)) is not None:
        yield load
    while not (load := load_next()).is_empty:
        yield load


def _load_what_is_left(pipeline: dlt.Pipeline) -> LoadInfo | None:
    """Load what an earlier run has left, or have it fetched again where that is possible.

    PostgreSQL refuses for ever what it had committed when dlt was killed and could not note it: in
    dlt's table of states no ID may be there twice.
    """
    try:
        return pipeline.run()
    except PipelineStepFailed:
        if not can_replace(pipeline):
            raise
        _logger.warning("what an earlier run has left cannot be loaded: it is fetched again")
        # What has been loaded is known by the destination.
        pipeline.drop()
        return None


def _part_of(source: DltSource, window: timedelta) -> DltSource:
    part = source.clone()
    part.resources[_WINDOWS].bind(window)
    return part


class _Loading:
    """What is loaded, one portion after the other."""

    def __init__(self, plan: Plan, connect: Connect, *, look_back: timedelta) -> None:
        self._plan = plan
        self._connect = connect
        self._look_back = look_back
        self._convert: dict[str, _Convert] = {}

    def resources(self) -> Iterator[DltResource]:
        """Make a resource for each table, of one that fetches for all of them."""

        # dlt takes plain functions only.
        def windows(at_most: timedelta | None = None) -> Generator[TableBatch]:
            yield from self._fetch(at_most)

        fetched = dlt.resource(windows, name=_WINDOWS, selected=False)
        yield fetched
        for table in self._plan.tables:
            yield dlt.transformer(
                self._batches_of(table), data_from=fetched, name=table, primary_key=KEYS[table]
            )

    def _batches_of(self, table: str) -> Callable[[TableBatch], Iterator[pa.RecordBatch]]:
        def batches(portion: TableBatch) -> Iterator[pa.RecordBatch]:
            if portion.table == table:
                yield self._convert[table](portion.batch)

        return batches

    def _fetch(self, at_most: timedelta | None) -> Generator[TableBatch]:
        source = dlt.current.source()
        replaces = can_replace(dlt.current.pipeline())
        chosen = [table for table in self._plan.tables if table in source.selected_resources]
        for table in chosen:
            self._convert[table] = _hint(source.resources[table], replaces=replaces)
        plan = msgspec.structs.replace(self._plan, tables=tuple(chosen))
        state = dlt.current.source_state()
        if not replaces:
            check_files(chosen, has_state=bool(state))
        loaded = LoadedWindows(state, chosen)
        if replaces and not state and any(map(holds_rows, chosen)):
            loaded.begin_beside_others()
        windows = self._next_windows(loaded, at_most, replaces=replaces)
        if not windows:
            return
        there = [one for one in windows if replaces and loaded.may_be_there(one)]
        reading = read_windows(
            self._connect, plan, windows, projects=self._plan.projects, there=there
        )
        with closing(reading) as found:
            yield from self._take_in(found, loaded, chosen, replaces=replaces)

    def _take_in(
        self,
        found: Iterable[TableBatch | WindowSummary],
        loaded: LoadedWindows,
        tables: Collection[str],
        *,
        replaces: bool,
    ) -> Iterator[TableBatch]:
        errors: dict[Window, TableBatch] = {}
        unlisted: list[WindowSummary] = []
        for one in found:
            if isinstance(one, WindowSummary):
                if not replaces:
                    _raise_if_cut_off(one)
                is_final = self._is_final(one, loaded, replaces=replaces)
                of_errors = errors.pop(one.entry.window, None)
                # What is asked for again would have them in files twice.
                if of_errors is not None and (replaces or is_final):
                    yield of_errors
                if replaces:
                    yield from rows_at_end(one, tables)
                loaded.add(one.entry, final=is_final)
                if one.list_error is not None and not is_final:
                    unlisted.append(one)
            elif one.table == "errors":
                errors[one.window] = one
            else:
                yield one
        if unlisted:
            _warn(unlisted)

    def _is_final(self, end: WindowSummary, loaded: LoadedWindows, *, replaces: bool) -> bool:
        entry, now = end.entry, end.began
        nothing_came = end.list_error is not None and end.has_no_rows
        if not replaces and not nothing_came:
            return True
        if entry.is_final(now=now, look_back=self._look_back):
            return True
        first = loaded.first_loaded_at(entry.window)
        is_given_up = first is not None and now - first >= GIVE_UP_AFTER
        return is_given_up and entry.is_settled(now=now, look_back=self._look_back)

    def _next_windows(
        self, loaded: LoadedWindows, at_most: timedelta | None, *, replaces: bool
    ) -> list[Window]:
        left = [
            window
            for window in self._plan.windows
            if not loaded.is_final(window) and self._is_due(window, loaded, replaces=replaces)
        ]
        following = [one for one in left if at_most is None or one.day < left[0].day + at_most]
        _logger.info(
            "loading %s days of projects, %s remain", len(following), len(left) - len(following)
        )
        return following

    def _is_due(self, window: Window, loaded: LoadedWindows, *, replaces: bool) -> bool:
        if not replaces and self._plan.made_at - window.end < self._look_back:
            return False
        loaded_at = loaded.loaded_at(window)
        return loaded_at is None or loaded_at < self._plan.made_at


def _raise_if_cut_off(end: WindowSummary) -> None:
    """Raise what ended a list that rows have come of, unless it would come again.

    They cannot be taken back, and would be there twice when the rest is fetched.
    """
    error = end.list_error
    if error is not None and not end.has_no_rows and not isinstance(error, DecodeError):
        raise error


def _warn(unlisted: Sequence[WindowSummary]) -> None:
    days = sorted({f"{end.entry.project_id} on {end.entry.day}" for end in unlisted})
    _logger.warning(
        "the runs of %d days of projects could not be listed: what is there of them stays, and the "
        "next source asks for them again: %s: %s",
        len(days),
        ", ".join(days),
        hide_signatures(str(unlisted[0].list_error)),
    )


def _hint(resource: DltResource, *, replaces: bool) -> _Convert:
    """Tell dlt how to load a table; return what is to be made of its rows before."""
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
