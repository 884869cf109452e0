"""Which files hold the rows of which days.

A file of a table has the rows of one day of a project, or of several when a month was compacted:

    tests/project=DgTfZV/month=2026-01/2026-01-05.0.parquet
    tests/project=DgTfZV/month=2025-12/2025-12-01_2025-12-31.0.parquet

The number after the days is one more when the file is replaced, so that no reader mistakes the new
file for the old one, whose size or footer it may know. At any moment a listing has each day once:
see `Store.publish`.

The directories are for readers that prune by them. They are not called `project_id` and `day`,
because these columns are in the files, where an ID like `012345` or `1e2345` remains text. Of a
column that is both in the path and in the file, pandas and pyarrow raise `ArrowTypeError`, and
Spark takes that of the path, as a number.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from threading import RLock
from typing import NamedTuple
from urllib.parse import quote

from currents_async.export._windows import Window
from currents_async.export._write.stores import Store

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)(?:_(\d{4}-\d\d-\d\d))?\.(\d+)(\.[a-z.]+)")


class DataFile(NamedTuple):
    """A file, by its name."""

    directory: str
    first: date
    last: date
    version: int
    suffix: str

    @property
    def name(self) -> str:
        """The name with the directory."""
        days = str(self.first) if self.is_of_one_day else f"{self.first}_{self.last}"
        return f"{self.directory}/{days}.{self.version}{self.suffix}"

    @property
    def is_of_one_day(self) -> bool:
        """Whether it has never been compacted."""
        return self.first == self.last

    def has(self, day: date) -> bool:
        """Return whether it is the file of a day, with or without rows."""
        return self.first <= day <= self.last

    def covers(self, other: "DataFile") -> bool:
        """Return whether it has the rows of another file, too."""
        return self.has(other.first) and self.has(other.last) and self != other


class Catalog:
    """The files of the tables, listed directory by directory when they are first needed.

    Only one process writes to a target, so what was listed stays true.
    """

    def __init__(self, store: Store, suffix: str, *, is_new: bool) -> None:
        """Find the files with a suffix; there are none yet where all `is_new`."""
        self._store = store
        self._suffix = suffix
        self._is_new = is_new
        self._files: dict[str, list[DataFile]] = {}
        self._lock = RLock()

    def find(self, table: str, window: Window) -> DataFile | None:
        """Return the file of a window, if it has one."""
        files = self.files_in(directory_of(table, window.project_id, window.day))
        return next((file for file in files if file.has(window.day)), None)

    def new(self, table: str, window: Window) -> DataFile:
        """Return the first file of a window."""
        directory = directory_of(table, window.project_id, window.day)
        return DataFile(directory, window.day, window.day, 0, self._suffix)

    def next(self, file: DataFile) -> DataFile:
        """Return the file that replaces another one."""
        return file._replace(version=file.version + self._store.renames)

    def files_in(self, directory: str) -> list[DataFile]:
        """List a directory, the first days first, without files that others cover."""
        with self._lock:
            if directory not in self._files:
                names = () if self._is_new else self._store.names_in(directory)
                found = list(self._parse(directory, names))
                self._files[directory] = [
                    file for file in found if not any(other.covers(file) for other in found)
                ]
            return self._files[directory]

    def forget(self, table: str, window: Window) -> None:
        """List the directory of a window again when it is needed."""
        self._files.pop(directory_of(table, window.project_id, window.day), None)

    def covered_in(self, directory: str) -> list[DataFile]:
        """List the files of a directory that others cover."""
        found = list(self._parse(directory, self._store.names_in(directory)))
        return [file for file in found if any(other.covers(file) for other in found)]

    def drop(self, file: DataFile) -> None:
        """Note that a file has been removed."""
        self._files[file.directory] = [one for one in self.files_in(file.directory) if one != file]

    def note(self, file: DataFile) -> None:
        """Note that a file has been published in place of those of its days."""
        with self._lock:
            others = [one for one in self.files_in(file.directory) if not file.has(one.first)]
            self._files[file.directory] = sorted([*others, file])

    def _parse(self, directory: str, names: Iterable[str]) -> Iterator[DataFile]:
        for name in sorted(names):
            match = _NAME.fullmatch(name)
            if match is not None and match[4] == self._suffix:
                first = date.fromisoformat(match[1])
                last = date.fromisoformat(match[2]) if match[2] else first
                yield DataFile(directory, first, last, int(match[3]), self._suffix)


def directory_of(table: str, project_id: str, day: date) -> str:
    """Return the directory of the files of a table, of one project and month."""
    return f"{table}/project={quote(project_id, safe='')}/month={day:%Y-%m}"
