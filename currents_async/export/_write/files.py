"""Tables as files that readers find by their directories."""

import errno
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from currents_async.errors import ExportError
from currents_async.export._tables import STORED, conform, schema_of
from currents_async.export._windows import Window
from currents_async.export._write.data_files import Catalog, DataFile, directory_of
from currents_async.export._write.formats import Format
from currents_async.export._write.staging import Staging
from currents_async.export._write.stores import Publication, Store

_DAY = timedelta(days=1)


class FileSink:
    """A file for each table and window, or for several of them that have been compacted.

    Each file is replaced atomically, the files of a window one after the other or side by side.

    A file is never removed: without rows, it still tells readers what the columns are. A sink that
    `is_new` begins with files of all tables, so that there is at least one of each.
    """

    def __init__(
        self, store: Store, file_format: Format, tables: Iterable[str], *, is_new: bool = False
    ) -> None:
        self.store = store
        self.tables = tuple(tables)
        self._file_format = file_format
        self._staging = Staging(store)
        self._is_new = is_new
        self.catalog = Catalog(store, file_format.suffix, is_new=is_new)
        """Its files."""

    def write(self, window: Window, table: str, batch: Any) -> None:
        self._staging.write(window, table, batch)

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        file = self.catalog.find(table, window)
        return self.read_file(file, table, columns, days=(window.day, window.day))

    def read_file(
        self,
        file: DataFile | None,
        table: str,
        columns: Sequence[str] | None = None,
        *,
        days: tuple[date, date],
    ) -> Iterator[Any]:
        """Iterate over the rows of some days in a file, or some of their columns, in batches."""
        if file is None or days[0] > days[1]:
            return
        schema = STORED[table] if columns is None else schema_of(table, columns)
        has_all = days[0] <= file.first and file.last <= days[1]
        wanted = schema if has_all else schema_of(table, dict.fromkeys(["day", *schema.names]))
        with self.store.fetch(file.name) as path:
            if path is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file.name)
            for batch in self._file_format.read(path, wanted):
                yield conform(batch if has_all else _of_days(batch, *days), schema)

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        """Publish the files of a window; tables without rows of it get empty files."""
        self.commit_all({window: unchanged})

    def commit_all(self, windows: Mapping[Window, Collection[str]]) -> None:
        """Publish the files of several windows; those in one compacted file one after the other."""
        # All are written before the first is published: writing is where most errors occur.
        ready: dict[DataFile, Publication] = {}
        for window, unchanged in windows.items():
            for table in self.tables:
                if table in unchanged:
                    continue
                file = self.catalog.find(table, window)
                if file is not None and any(one.replaces == file.name for one in ready.values()):
                    self._publish(ready)
                    file = self.catalog.find(table, window)
                ready |= self._prepare(window, table, file)
            self._is_new = False
        self._publish(ready)

    def count(self, table: str, windows: Iterable[Window]) -> Counter[Window]:
        counts: Counter[Window] = Counter()
        files = chain.from_iterable(files for _, files in self.directories_of(table, windows))
        for file in files:
            try:
                counts += count_rows(self.read_file(file, table, days=(file.first, file.last)))
            except (OSError, ValueError, pa.ArrowException) as error:
                raise ExportError(f"{file.name} cannot be read: {error}") from error
        return counts

    def directories_of(
        self, table: str, windows: Iterable[Window]
    ) -> Iterator[tuple[str, list[DataFile]]]:
        """Iterate over the directories of the months of some windows, with their files."""
        names = dict.fromkeys(directory_of(table, one.project_id, one.day) for one in windows)
        return ((name, self.catalog.files_in(name)) for name in names)

    def delete(self, windows: Collection[Window], *, kept: Collection[Window]) -> None:
        """Remove files, or write them anew if they have other days; each table keeps a file."""
        for table in self.tables:
            staying = {self.catalog.find(table, one) for one in kept} - {None}
            if not staying and kept:
                empty = self.catalog.new(table, max(kept))
                path = self.stage(empty, table, ())
                self._publish({empty: Publication(path, empty.name)})
            for window in windows:
                file = self.catalog.find(table, window)
                if file in staying:
                    without = self._prepare(window, table, file)
                    staying.update(without)
                    self._publish(without)
                elif file is not None:
                    self.store.remove(file.name)
                    self.catalog.drop(file)

    def close(self) -> None:
        self._staging.close()

    def _prepare(
        self, window: Window, table: str, old: DataFile | None
    ) -> dict[DataFile, Publication]:
        """Write the file of a window, if it needs one, and return what it replaces."""
        with self._staging.take(window, table) as rows:
            if rows is None and old is None and not self._is_new:
                return {}
            new = self.catalog.next(old) if old is not None else self.catalog.new(table, window)
            path = self.stage(new, table, self._with_other_days(old, table, window.day, rows or ()))
        return {new: Publication(path, new.name, None if old is None else old.name)}

    def _publish(self, ready: dict[DataFile, Publication]) -> None:
        self.store.publish_all([*ready.values()])
        for file in ready:
            self.catalog.note(file)
        ready.clear()

    def _with_other_days(
        self, file: DataFile | None, table: str, day: date, rows: Iterable[Any]
    ) -> Iterator[Any]:
        """Put the rows of a day between those of the other days of a compacted file."""
        if file is None or file.is_of_one_day:
            return iter(rows)
        return chain(
            self.read_file(file, table, days=(file.first, day - _DAY)),
            rows,
            self.read_file(file, table, days=(day + _DAY, file.last)),
        )

    def stage(self, file: DataFile, table: str, rows: Iterable[Any]) -> Path:
        """Write a file that readers do not see yet."""
        path = self.store.stage(file.name)
        self._file_format.write(path, STORED[table], rows)
        return path


def count_rows(batches: Iterable[Any]) -> Counter[Window]:
    """Count the rows of each window in batches."""
    counts: Counter[Window] = Counter()
    for batch in batches:
        rows = pa.Table.from_batches([batch]).group_by(["day", "project_id"])
        for row in rows.aggregate([([], "count_all")]).to_pylist():
            counts[Window(row["day"], row["project_id"])] += row["count_all"]
    return counts


def _of_days(batch: Any, first: date, last: date) -> Any:
    day = pc.field("day")
    return batch.filter((day >= first) & (day <= last))
