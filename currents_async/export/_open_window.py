"""A window that is being fetched: its rows, until they are written, and what became of it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
import pyarrow as pa

from currents_async.export._fetch.found import (
    Found,
    InstanceFound,
    NotFetched,
    RunFound,
    RunUnchanged,
    WindowEnded,
)
from currents_async.export._known import NOTHING, Known
from currents_async.export._merge import Fresh, Merge
from currents_async.export._missing import Missing, Reason, missing_by, reason_of_gone
from currents_async.export._tables.rows import RowBuilder
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry, WindowState
from currents_async.export._write.sinks import ReadableSink

BATCH = 4096
"""Rows that are converted at once."""
_NOT_FOUND = 404


class OpenWindow:
    """Makes rows of what is found of a window."""

    def __init__(
        self, window: Window, tables: Iterable[str], *, began: datetime, known: Known = NOTHING
    ) -> None:
        self.window = window
        self.rows: dict[str, int] = dict.fromkeys(tables, 0)
        """Rows of each table that have been taken."""
        self.has_ended: bool = False
        """Whether nothing more will be found of it."""
        self.gone: int = 0
        """Runs, as wholes or in parts, that the server has no more, and that rows were kept of."""
        self._began = began
        self._known = known
        self._is_listed = True
        self._builder = RowBuilder(window.project_id, window.day, self.rows.keys())
        self._fresh = None if known.entry is None else Fresh()
        self._open_runs = 0
        self._runs: set[str] = set()
        """Runs that the list has."""
        self._done: dict[str, str] = {}
        """Digests of those that had ended and have come whole, or did before."""
        self._whole: set[str] = set()
        self._instances: set[str] = set()
        self._missing: dict[tuple[str, str], Missing] = {}

    @property
    def keeps_rows(self) -> bool:
        """Whether rows that were there are kept where nothing takes their place."""
        return self._fresh is not None

    def collect(self, found: Found) -> None:
        """Make rows of what has been found."""
        match found:
            case RunFound():
                self._collect_run(found)
            case RunUnchanged(run_id=run_id):
                self._runs.add(run_id)
                self._done[run_id] = self._known.state.done[run_id]
            case InstanceFound(run_id=run_id, instance=instance):
                self._builder.add_instance(run_id, instance)
                self._instances.add(instance.instance_id)
            case NotFetched(run_id=run_id, instance_id=instance_id, spec=spec, error=error):
                self._miss(
                    missing_by(
                        error, run_id=run_id, instance_id=instance_id, spec=spec, now=self._began
                    )
                )
            case WindowEnded(is_listed=is_listed):
                self._is_listed = is_listed
                self.has_ended = True
            case _:
                raise AssertionError(found)

    def _collect_run(self, found: RunFound) -> None:
        run = found.run
        self._runs.add(run.run_id)
        self._open_runs += not run.has_ended
        if found.is_whole:
            self._whole.add(run.run_id)
            if run.has_ended:
                self._done[run.run_id] = found.digest
            if self._fresh is not None:
                self._fresh.add_run(run)
        elif self._fresh is not None:
            self._fresh.partial[run.run_id] = run
            return
        self._builder.add_run(run)
        self._builder.add_specs(run.run_id, run.specs)

    @property
    def fresh(self) -> Fresh | None:
        """What has come of it, where there are rows of it already."""
        return self._fresh

    @property
    def is_ready(self) -> bool:
        """Whether there is something to be done about it: rows to be taken, or its end."""
        return self.has_ended or self._builder.has_rows(BATCH)

    def take(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Take the rows of those tables that have many, at the end of all."""
        for table, batch in self._builder.take(at_least=1 if self.has_ended else BATCH):
            self.rows[table] += batch.num_rows
            if self._fresh is not None and table != "errors":
                self._fresh.add_rows(table, batch)
            yield table, batch

    def merge_into(self, sink: ReadableSink) -> set[str]:
        """Stage what is kept of what was there, when all rows have been taken.

        Return the tables that nothing is new in.
        """
        if self._fresh is None:
            return set()
        failed = {missing.run_id for missing in self._missing.values()}
        merge = Merge(sink, self.window, self._fresh, failed_runs=failed)
        merge.run(self.rows)
        for table, rows in merge.rows.items():
            self.rows[table] += rows
        self._note_gone(merge)
        return merge.unchanged

    def conclude(self) -> None:
        """Make rows of what is missing, when nothing more will be found."""
        now, still_missing = self._began, self._missing
        before = {missing.key: missing for missing in self._known.state.missing}
        self._missing = {
            key: missing.again(before.get(key), now=now) for key, missing in still_missing.items()
        }
        for key, missing in before.items():
            if key not in self._missing and self._is_still_missing(missing):
                self._missing[key] = missing
        for missing in self._missing.values():
            self._builder.add_missing(missing)
            self.gone += missing.is_kept

    def entry(self) -> Entry:
        """Return what to record of it."""
        known, is_listed = self._known.entry, self._is_listed
        pending = [one for one in self._missing.values() if one.next_try is not None]
        return Entry(
            project_id=self.window.project_id,
            day=self.window.day,
            exported_at=self._began if is_listed or known is None else known.exported_at,
            open_runs=self._open_runs if is_listed or known is None else known.open_runs,
            failures=len(pending),
            kept=sum(one.is_kept for one in pending),
        )

    def state(self) -> WindowState:
        """Return what to know of it when it is exported again."""
        missing = tuple(self._missing.values())
        incomplete = {one.run_id for one in missing if not one.instance_id}
        done = self._done if self._is_listed else {**self._known.state.done, **self._done}
        return WindowState(
            done={run_id: digest for run_id, digest in done.items() if run_id not in incomplete},
            missing=missing,
        )

    def _is_still_missing(self, missing: Missing) -> bool:
        """Return whether what was missing before, and was not asked for now, still is."""
        if not missing.run_id:
            return not self._is_listed
        if missing.run_id in self._whole or missing.instance_id in self._instances:
            return False
        return not self._is_listed or missing.run_id in self._runs

    def _note_gone(self, merge: Merge) -> None:
        """Note what the server has no more, where rows of it are kept."""
        reason = reason_of_gone(self.window.end, now=self._began)
        for key, missing in self._missing.items():
            kept = merge.instances.get(missing.run_id, ())
            is_kept = (
                missing.instance_id in kept if missing.instance_id else missing.run_id in merge.runs
            )
            if missing.status == _NOT_FOUND and is_kept:
                self._missing[key] = msgspec.structs.replace(missing, reason=reason)
        if self._is_listed:
            for run_id in merge.runs - self._runs:
                self._miss_gone(run_id, reason, "The list of runs has it no more")
        for run_id in self._whole:
            instances = [
                one
                for one in merge.instances.get(run_id, ())
                if (run_id, one) not in self._missing and self._came_without(one)
            ]
            if count := max(len(instances), merge.specs[run_id]):
                self._miss_gone(run_id, reason, f"It came without {count} of its spec files")

    def _came_without(self, instance_id: str) -> bool:
        """Return whether a run has an instance no more, or its tests; others were not asked for."""
        listed = self._fresh.listed if self._fresh is not None else ()
        return instance_id in self._instances or instance_id not in listed

    def _miss_gone(self, run_id: str, reason: Reason, what: str) -> None:
        message = f"{what}: its rows are those of an earlier export"
        self._miss(Missing(run_id=run_id, reason=reason, message=message, since=self._began))

    def _miss(self, missing: Missing) -> None:
        self._missing[missing.key] = missing


class OpenWindows:
    """The windows that are being fetched; each is forgotten when it ends."""

    def __init__(
        self, tables: Iterable[str], *, began: datetime, known: Mapping[Window, Known] | None = None
    ) -> None:
        """Make rows of some tables; what is `known` of windows is to be merged with."""
        self._tables = tuple(tables)
        self._began = began
        self._known = known or {}
        self._open: dict[Window, OpenWindow] = {}

    def take_in(self, found: Found) -> OpenWindow | None:
        """Make rows of what has been found; return its window when that is ready."""
        window = found.window
        opened = self._open.get(window)
        if opened is None:
            opened = self._open[window] = OpenWindow(
                window,
                self._tables,
                began=self._began,
                known=self._known.get(window, NOTHING),
            )
        opened.collect(found)
        if opened.has_ended:
            del self._open[window]
        return opened if opened.is_ready else None
