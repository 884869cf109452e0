"""What a load of dlt fetches: the windows that are due, as resources for each table."""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

import dlt
import msgspec
import pyarrow as pa
from dlt.extract import DltResource

from currents_async._redaction import hide_signatures
from currents_async.errors import DecodeError
from currents_async.export._engines.blocking import Connect, TableBatch, WindowSummary, read_windows
from currents_async.export._engines.dlt_destination import (
    REPLACING,
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
from currents_async.export._missing import GIVE_UP_AFTER
from currents_async.export._plan import Plan
from currents_async.export._tables import KEYS, SCHEMAS
from currents_async.export._windows import Window

WINDOWS: Final = "windows"
"""The resource that fetches for all others."""
_logger = logging.getLogger("currents_async.export")

Convert = Callable[[pa.RecordBatch], pa.RecordBatch]


class DltLoading:
    """What is loaded, one load after the other."""

    def __init__(self, plan: Plan, connect: Connect, *, look_back: timedelta) -> None:
        self._plan = plan
        self._connect = connect
        self._look_back = look_back
        self._convert: dict[str, Convert] = {}

    def resources(self) -> Iterator[DltResource]:
        """Make a resource for each table, fed by one that fetches for all of them."""

        # dlt accepts only plain functions.
        def windows(max_span: timedelta | None = None) -> Generator[TableBatch]:
            yield from self._fetch(max_span)

        fetched = dlt.resource(windows, name=WINDOWS, selected=False)
        yield fetched
        for table in self._plan.tables:
            yield dlt.transformer(
                self._batches_of(table), data_from=fetched, name=table, primary_key=KEYS[table]
            )

    def _batches_of(self, table: str) -> Callable[[TableBatch], Iterator[pa.RecordBatch]]:
        def batches(rows: TableBatch) -> Iterator[pa.RecordBatch]:
            if rows.table == table:
                yield self._convert[table](rows.batch)

        return batches

    def _fetch(self, max_span: timedelta | None) -> Generator[TableBatch]:
        source = dlt.current.source()
        replaces = can_replace(dlt.current.pipeline())
        tables = tuple(one for one in self._plan.tables if one in source.selected_resources)
        for table in tables:
            self._convert[table] = _apply_hints(source.resources[table], replaces=replaces)
        state = dlt.current.source_state()
        if not replaces:
            check_files(tables, has_state=bool(state))
        loaded = LoadedWindows(state, tables)
        if replaces and not state and any(map(holds_rows, tables)):
            loaded.begin_beside_others()
        plan = msgspec.structs.replace(self._plan, tables=tables)
        load = _Load(plan, loaded, look_back=self._look_back, replaces=replaces)
        windows = load.next_windows(max_span)
        if not windows:
            return
        known = [one for one in windows if replaces and loaded.may_be_there(one)]
        reading = read_windows(
            self._connect, plan, windows, projects=plan.projects, already_there=known
        )
        with closing(reading) as fetched:
            yield from load.rows_to_load(fetched)


def _apply_hints(resource: DltResource, *, replaces: bool) -> Convert:
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


class _Load:
    """One load: which windows are due, and which rows of them are loaded."""

    def __init__(
        self, plan: Plan, loaded: LoadedWindows, *, look_back: timedelta, replaces: bool
    ) -> None:
        self._plan = plan
        self._loaded = loaded
        self._look_back = look_back
        self._replaces = replaces

    def next_windows(self, max_span: timedelta | None) -> list[Window]:
        """Return the windows that are due, or the first days of them."""
        due = [window for window in self._plan.windows if self._is_due(window)]
        chosen = [one for one in due if max_span is None or one.day < due[0].day + max_span]
        _logger.info("loading %s days of projects, %s remain", len(chosen), len(due) - len(chosen))
        return chosen

    def rows_to_load(self, fetched: Iterable[TableBatch | WindowSummary]) -> Iterator[TableBatch]:
        """Pass rows on, errors at the end of their window, and note what has been loaded."""
        errors: dict[Window, TableBatch] = {}
        unlisted: list[WindowSummary] = []
        for one in fetched:
            if isinstance(one, WindowSummary):
                yield from self._end_window(one, errors.pop(one.entry.window, None))
                if one.list_error is not None and not self._loaded.is_final(one.entry.window):
                    unlisted.append(one)
            elif one.table == "errors":
                errors[one.window] = one
            else:
                yield one
        if unlisted:
            _warn(unlisted)

    def _end_window(self, end: WindowSummary, errors: TableBatch | None) -> Iterator[TableBatch]:
        if not self._replaces:
            _raise_if_cut_off(end)
        is_final = self._is_final(end)
        # Files would hold the errors of a window twice if it is loaded again.
        if errors is not None and (self._replaces or is_final):
            yield errors
        if self._replaces:
            yield from rows_at_end(end, self._plan.tables)
        self._loaded.add(end.entry, final=is_final)

    def _is_final(self, end: WindowSummary) -> bool:
        entry, now = end.entry, end.began
        is_empty = end.list_error is not None and end.has_no_rows
        if not self._replaces and not is_empty:
            return True
        if entry.is_final(now=now, look_back=self._look_back):
            return True
        first = self._loaded.first_loaded_at(entry.window)
        is_given_up = first is not None and now - first >= GIVE_UP_AFTER
        return is_given_up and entry.is_settled(now=now, look_back=self._look_back)

    def _is_due(self, window: Window) -> bool:
        if self._loaded.is_final(window):
            return False
        now = self._plan.made_at
        if not self._replaces and now - window.end < self._look_back:
            return False
        loaded_at = self._loaded.loaded_at(window)
        return loaded_at is None or loaded_at < now


def _raise_if_cut_off(end: WindowSummary) -> None:
    """Raise the error of a list that failed midway, unless it would fail again.

    Its rows cannot be taken back from files, and would be there twice once the rest is fetched.
    """
    error = end.list_error
    if error is not None and not end.has_no_rows and not isinstance(error, DecodeError):
        raise error


def _warn(unlisted: Sequence[WindowSummary]) -> None:
    days = sorted({f"{end.entry.project_id} on {end.entry.day}" for end in unlisted})
    _logger.warning(
        "the runs of %d days of projects could not be listed: rows that are there stay, and the "
        "next source tries again: %s: %s",
        len(days),
        ", ".join(days),
        hide_signatures(str(unlisted[0].list_error)),
    )
