"""Tables in the Delta format, by the library deltalake."""

from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from currents_async.errors import ExportError
from currents_async.export._windows import Window
from currents_async.export._write.compaction import groups_of
from currents_async.export._write.delta_files import DeltaFile, NewFile, read_file, write_file
from currents_async.export._write.delta_log import DeltaLog, open_log
from currents_async.export._write.delta_place import DeltaPlace
from currents_async.export._write.files import count_rows
from currents_async.export._write.sinks import Compacted
from currents_async.export._write.staging import Staging
from currents_async.export._write.stores import Store


class _Change(NamedTuple):
    """What is to be done to a table in one commit."""

    added: list[NewFile]
    removed: list[DeltaFile]


class DeltaSink:
    """A Delta table for each table, all of which are made if they do not exist.

    A window is staged on this machine, uploaded as files that are not part of any table, and then
    takes the place of its old rows: one commit for each table, also if several windows have ended.
    The first table takes part in every commit, changed or not, so that of two machines one stops
    there; `windows`, which is the last table, comes after all others.
    """

    def __init__(
        self, store: Store, place: DeltaPlace, tables: Iterable[str], *, is_new: bool = True
    ) -> None:
        """Open the tables at a place, whose files a store keeps; make them where all `is_new`."""
        self._store = store
        self.tables: tuple[str, ...] = tuple(tables)
        self._staging = Staging(store)
        with ThreadPoolExecutor(len(self.tables)) as pool:
            logs = pool.map(partial(open_log, place, is_new=is_new), self.tables)
            self._logs: dict[str, DeltaLog] = dict(zip(self.tables, logs, strict=True))

    def write(self, window: Window, table: str, batch: Any) -> None:
        self._staging.write(window, table, batch)

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        for file in self._logs[table].files_in(window.project_id, window.day, window.day):
            where = None if file.is_of_one_day else pc.field("day") == window.day
            yield from read_file(self._store, table, file, columns, where=where)

    def read_days(
        self,
        table: str,
        columns: Sequence[str],
        days: tuple[date, date],
        projects: Collection[str],
    ) -> Iterator[Any]:
        """Iterate over some columns of all rows of some days and projects; all if there are none.

        Files that another process replaces meanwhile stay until they are deleted by `compact`.
        """
        first, last = days
        where = (pc.field("day") >= first) & (pc.field("day") <= last)
        for file in self._logs[table].files:
            is_ours = not projects or file.project_id in projects
            if is_ours and file.first <= last and first <= file.last:
                yield from read_file(self._store, table, file, columns, where=where)

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        self.commit_all({window: unchanged})

    def commit_all(self, windows: Mapping[Window, Collection[str]]) -> None:
        """Commit several windows: once for each table."""
        changes: dict[str, _Change] = {}
        # All are written before the first is published: writing is where most errors occur.
        for table in self.tables:
            changed = [window for window, unchanged in windows.items() if table not in unchanged]
            changes[table] = self._replace(table, changed)
        new = [one for change in changes.values() for one in change.added]
        self._store.publish_all([one.publication for one in new])
        self._commit(changes, note=", ".join(f"{one.day} of {one.project_id}" for one in windows))

    def count(self, table: str, windows: Iterable[Window]) -> Counter[Window]:  # noqa: ARG002 - all are counted
        counts: Counter[Window] = Counter()
        for file in self._logs[table].files:
            try:
                counts += count_rows(read_file(self._store, table, file))
            except (OSError, ValueError, pa.ArrowException) as error:
                raise ExportError(f"{table}/{file.name} cannot be read: {error}") from error
        return counts

    def compact(self, windows: Collection[Window]) -> Compacted:
        """Join the files of months, and delete those that tables have not had for a while.

        Versions of a table older than its `delta.deletedFileRetentionDuration`, by default a week,
        can no longer be read.
        """
        months = sorted({(one.project_id, one.day.replace(day=1)) for one in windows})
        before = after = 0
        for table, log in self._logs.items():
            change = _Change([], [])
            for project_id, month in months:
                for group in self._groups(log, project_id, month):
                    self._join(table, group, change)
            if change.removed:
                added = [one.file for one in change.added]
                log.commit(added, change.removed, note="files of months joined", is_export=False)
                self._settle(table, is_export=False)
            log.vacuum()
            before += len(change.removed)
            after += len(change.added)
        return Compacted(files_before=before, files_after=after)

    def delete(self, windows: Collection[Window], *, kept: Collection[Window]) -> None:  # noqa: ARG002 - tables stay
        self.commit_all(dict.fromkeys(windows, ()))

    def close(self) -> None:
        self._staging.close()

    def _settle(self, table: str, *, is_export: bool = True) -> None:
        for version in self._logs[table].settle(is_export=is_export):
            self._store.sync(f"{table}/_delta_log/{version:020}.json")

    def _replace(self, table: str, windows: Collection[Window]) -> _Change:
        """Write the files of windows, and of the other days in the files that they replace."""
        change = _Change([], [])
        for window in windows:
            with self._staging.take(window, table) as rows:
                if rows is not None:
                    _add(change, write_file(self._store, table, window.project_id, rows))
        old = {
            file: None
            for window in windows
            for file in self._logs[table].files_in(window.project_id, window.day, window.day)
        }
        for file in old:
            change.removed.append(file)
            if not file.is_of_one_day:
                days = [one.day for one in windows if one.project_id == file.project_id]
                others = read_file(self._store, table, file, where=~pc.field("day").isin(days))
                _add(change, write_file(self._store, table, file.project_id, others))
        return change

    def _commit(self, changes: Mapping[str, _Change], *, note: str) -> None:
        first, *others, last = self.tables
        ready = [table for table in others if any(changes[table])]

        def commit(table: str) -> None:
            added = [one.file for one in changes[table].added]
            self._logs[table].commit(added, changes[table].removed, note=note)

        commit(first)
        with ThreadPoolExecutor(len(self.tables)) as pool:
            list(pool.map(commit, ready))
            commit(last)
            list(pool.map(self._settle, [first, *ready, last]))

    @staticmethod
    def _groups(log: DeltaLog, project_id: str, month: date) -> Iterator[list[DeltaFile]]:
        last = month.replace(day=monthrange(month.year, month.month)[1])
        files = log.files_in(project_id, month, last)
        inside = sorted(file for file in files if month <= file.first and file.last <= last)
        return groups_of(inside, lambda file: file.size)

    def _join(self, table: str, group: Sequence[DeltaFile], change: _Change) -> None:
        rows = chain.from_iterable(read_file(self._store, table, file) for file in group)
        joined = write_file(self._store, table, group[0].project_id, rows)
        if joined is not None:
            self._store.publish_all([joined.publication])
        _add(change, joined)
        change.removed.extend(group)


def _add(change: _Change, new: NewFile | None) -> None:
    if new is not None:
        change.added.append(new)
