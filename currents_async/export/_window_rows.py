"""The rows of a window that is being fetched, until they are written, and what is missing."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
import pyarrow as pa

from currents_async.errors import CurrentsError
from currents_async.export._fetch.events import (
    FetchEvent,
    FetchFailed,
    InstanceFetched,
    RunFetched,
    RunUnchanged,
    WindowEnded,
)
from currents_async.export._known import NOTHING, Known
from currents_async.export._merge import Fresh, Merge
from currents_async.export._missing import Missing, Reason, missing_by, reason_of_gone
from currents_async.export._tables import VERSION
from currents_async.export._tables.rows import RowBuilder
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry, WindowState
from currents_async.export._write.sinks import ReadableSink

BATCH = 4096
"""Rows that are converted at once."""
_NOT_FOUND = 404


class WindowRows:
    """Makes rows of what is fetched of a window."""

    def __init__(
        self, window: Window, tables: Iterable[str], *, began: datetime, known: Known = NOTHING
    ) -> None:
        self.window = window
        self.counts: dict[str, int] = dict.fromkeys(tables, 0)
        """How many rows of each table have been taken."""
        self.has_ended: bool = False
        """Whether nothing more of it follows."""
        self.gone: int = 0
        """Runs that the server no longer has, or not in full, and whose rows were kept."""
        self.list_error: CurrentsError | None = None
        """Why its runs could not be listed, or not all of them."""
        self._began = began
        self._known = known
        self._is_listed = True
        self._builder = RowBuilder(
            window.project_id, window.day, self.counts.keys(), exported_at=began
        )
        self.fresh: Fresh | None = None if known.entry is None else Fresh()
        """What has been fetched of it, if there are old rows, which are kept unless replaced."""
        self._unchanged_rows: Mapping[str, int] = {}
        self._open_runs = 0
        self._listed: Collection[str] = ()
        """Runs that the list has, known at the end."""
        self._done: dict[str, str] = {}
        """Digests of runs that had ended and were fetched in full, now or before."""
        self._whole: set[str] = set()
        self._instances: set[str] = set()
        self._missing: dict[tuple[str, str], Missing] = {}

    def collect(self, event: FetchEvent) -> None:
        """Make rows of what has been fetched."""
        match event:
            case RunFetched():
                self._collect_run(event)
            case RunUnchanged(run_id=run_id):
                self._done[run_id] = self._known.state.done[run_id]
            case InstanceFetched(run_id=run_id, instance=instance):
                self._builder.add_instance(run_id, instance)
                self._instances.add(instance.instance_id)
            case FetchFailed(run_id=run_id, instance_id=instance_id, spec=spec, error=error):
                if not run_id:
                    self.list_error = error
                self._miss(
                    missing_by(
                        error, run_id=run_id, instance_id=instance_id, spec=spec, now=self._began
                    )
                )
            case WindowEnded(is_listed=is_listed, run_ids=run_ids):
                self._is_listed, self._listed = is_listed, run_ids
                self.has_ended = True
            case _:
                raise AssertionError(event)

    def _collect_run(self, fetched: RunFetched) -> None:
        run = fetched.run
        self._open_runs += not run.has_ended
        if fetched.is_whole:
            self._whole.add(run.run_id)
            if run.has_ended:
                self._done[run.run_id] = fetched.digest
            if self.fresh is not None:
                self.fresh.add_run(run)
        elif self.fresh is not None:
            self.fresh.partial[run.run_id] = run
            return
        self._builder.add_run(run)
        self._builder.add_specs(run.run_id, run.specs)

    @property
    def is_ready(self) -> bool:
        """Whether there are enough rows to take, or the window has ended."""
        return self.has_ended or self._builder.has_rows(BATCH)

    def take(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Take the rows of tables that have a batch; after the end, those of all tables."""
        for table, batch in self._builder.take(at_least=1 if self.has_ended else BATCH):
            self.counts[table] += batch.num_rows
            if self.fresh is not None and table != "errors":
                self.fresh.add_rows(table, batch)
            yield table, batch

    def merge_into(self, sink: ReadableSink) -> set[str]:
        """Stage the old rows that are kept, when all new ones have been taken.

        Returns the tables without anything new.
        """
        if self.fresh is None:
            return set()
        failed = {missing.run_id for missing in self._missing.values()}
        merge = Merge(sink, self.window, self.fresh, failed_runs=failed, exported_at=self._began)
        merge.run(self.counts)
        for table, rows in merge.rows.items():
            self.counts[table] += rows
        self._unchanged_rows = merge.unchanged_rows
        self._note_gone(merge)
        return merge.unchanged

    def conclude(self) -> None:
        """Make rows of what is missing, when the window has ended."""
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
        """Return what the journal records of it."""
        known, is_listed = self._known.entry, self._is_listed
        pending = [one for one in self._missing.values() if one.next_try is not None]
        return Entry(
            project_id=self.window.project_id,
            day=self.window.day,
            exported_at=self._began if is_listed or known is None else known.exported_at,
            open_runs=self._open_runs if is_listed or known is None else known.open_runs,
            failures=len(pending),
            kept=sum(one.is_kept for one in pending),
            schema=VERSION,
            rows={
                table: rows
                for table, count in self.counts.items()
                if (rows := count + self._unchanged_rows.get(table, 0))
            },
        )

    def state(self) -> WindowState:
        """Return what has to be known when it is exported again."""
        missing = tuple(self._missing.values())
        incomplete = {one.run_id for one in missing if not one.instance_id}
        done = self._done if self._is_listed else {**self._known.state.done, **self._done}
        return WindowState(
            done={run_id: digest for run_id, digest in done.items() if run_id not in incomplete},
            missing=missing,
        )

    def _is_still_missing(self, missing: Missing) -> bool:
        """Return whether what was missing before, and was not requested now, still is."""
        if not missing.run_id:
            return not self._is_listed
        if missing.run_id in self._whole or missing.instance_id in self._instances:
            return False
        return not self._is_listed or missing.run_id in self._listed

    def _note_gone(self, merge: Merge) -> None:
        """Note what the server no longer has, but whose rows are kept."""
        reason = reason_of_gone(self.window.end, now=self._began)
        for key, missing in self._missing.items():
            kept = merge.instances.get(missing.run_id, ())
            is_kept = (
                missing.instance_id in kept if missing.instance_id else missing.run_id in merge.runs
            )
            if missing.status == _NOT_FOUND and is_kept:
                self._missing[key] = msgspec.structs.replace(missing, reason=reason)
        if self._is_listed:
            for run_id in merge.runs.difference(self._listed):
                self._miss_gone(run_id, reason, "The list of runs no longer has it")
        for run_id in self._whole:
            instances = [
                one
                for one in merge.instances.get(run_id, ())
                if (run_id, one) not in self._missing and self._came_without(one)
            ]
            if count := max(len(instances), merge.specs[run_id]):
                self._miss_gone(run_id, reason, f"It was fetched without {count} of its spec files")

    def _came_without(self, instance_id: str) -> bool:
        """Return whether an instance was fetched without its tests, or is not listed any more."""
        listed = self.fresh.listed if self.fresh is not None else ()
        return instance_id in self._instances or instance_id not in listed

    def _miss_gone(self, run_id: str, reason: Reason, what: str) -> None:
        message = f"{what}: its rows are those of an earlier export"
        self._miss(Missing(run_id=run_id, reason=reason, message=message, since=self._began))

    def _miss(self, missing: Missing) -> None:
        self._missing[missing.key] = missing


class OpenWindows:
    """The rows of all windows that are being fetched; each is dropped when it ends."""

    def __init__(
        self, tables: Iterable[str], *, began: datetime, known: Mapping[Window, Known] | None = None
    ) -> None:
        """Make rows of some tables, to be merged with what is `known` of windows."""
        self._tables = tuple(tables)
        self._began = began
        self._known = known or {}
        self._open: dict[Window, WindowRows] = {}

    def take_in(self, event: FetchEvent) -> WindowRows | None:
        """Make rows of what has been fetched; return those of its window when they are ready."""
        window = event.window
        rows = self._open.get(window)
        if rows is None:
            known = self._known.get(window, NOTHING)
            rows = WindowRows(window, self._tables, began=self._began, known=known)
            self._open[window] = rows
        rows.collect(event)
        if rows.has_ended:
            del self._open[window]
        return rows if rows.is_ready else None
