"""A table in the Delta format: which files it has, by a log that decides between writers."""

import json
import time
from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from currents_async._text import one_line, without_escapes
from currents_async.errors import ExportError
from currents_async.export._write.delta_files import PROJECT, DeltaFile
from currents_async.export._write.delta_place import DeltaPlace
from currents_async.export._write.delta_schema import add_columns, check_table, make_table

_APP = "currents-async"
"""What all exports call themselves in the log: of two at once, it refuses the second."""
_MAX_MESSAGE = 600
"""Characters of what deltalake says, which may quote a response of an object store."""
_Shelf = tuple[str, date | None]
"""A project, and the first day of a month; None for files that may have rows of several."""


class DeltaLog:
    """The log of a table, as it was when it was opened, and with what was committed since.

    Other programs may commit meanwhile, and the store lets only one commit be the next. What an
    export does conflicts with all that another one has done since this one opened the log, and with
    what removed the files that it removes.
    """

    def __init__(self, table: str, log: DeltaTable) -> None:
        self.table = table
        self._log = log
        self._shelves: defaultdict[_Shelf, dict[str, DeltaFile]] = defaultdict(dict)
        """Its files, by what they have rows of."""
        self._exported = log.transaction_version(_APP)
        """What the last export wrote into the log, known to this one."""
        self._added: Collection[DeltaFile] = ()
        self._removed: Collection[DeltaFile] = ()
        self._list()

    @property
    def version(self) -> int:
        """The version of the table."""
        return self._log.version()

    @property
    def files(self) -> Iterator[DeltaFile]:
        """All files of the table."""
        return (file for shelf in self._shelves.values() for file in shelf.values())

    def files_in(self, project_id: str, first: date, last: date) -> list[DeltaFile]:
        """Return the files that may have rows of a project, of some days of one month."""
        shelves = (self._shelves[project_id, month] for month in (first.replace(day=1), None))
        files = (file for shelf in shelves for file in shelf.values())
        return [file for file in files if file.first <= last and first <= file.last]

    def commit(
        self,
        added: Collection[DeltaFile],
        removed: Collection[DeltaFile],
        *,
        note: str,
        is_export: bool = True,
    ) -> None:
        """Add and remove files in one step; `settle` has to follow before the next one.

        Raises `ExportError` if another export has committed anything since the log was opened, or
        another program has removed one of the files.
        """
        now = time.time_ns()
        at = now // 1_000_000
        actions: list[AddAction | RemoveAction] = [
            *(_adding(one, at=at, is_change=is_export) for one in added),
            *(_removing(one, at=at, is_change=is_export) for one in removed),
        ]
        properties = CommitProperties(
            custom_metadata={"userMetadata": note},
            app_transactions=[Transaction(_APP, now)] if is_export else [],
            # It would go on when another program has joined the files that are removed here.
            max_commit_retries=0,
        )
        with delta_errors(self.table):
            while not self._try(actions, properties):
                if is_export and self._log.transaction_version(_APP) == now:
                    break  # it was done, and only the response was lost
                self._check_others(removed, is_export=is_export)
        if is_export:
            self._exported = now
        self._added, self._removed = added, removed

    def settle(self, *, is_export: bool = True) -> range:
        """Take in what has been committed, also by others, and return the versions since.

        Raises `ExportError` if another export has committed something.
        """
        before = self.version
        with delta_errors(self.table):
            self._log.update_incremental()
            if self.version == before + 1:
                for one in self._removed:
                    del self._shelves[_shelf_of(one)][one.name]
                self._add(self._added)
            else:
                self._check_others((), is_export=is_export)
        return range(before + 1, self.version + 1)

    def _try(
        self, actions: Sequence[AddAction | RemoveAction], properties: CommitProperties
    ) -> bool:
        """Commit, and return whether that was done: if not, the log is up to date now."""
        known = self.version
        try:
            self._log.create_write_transaction(
                [*actions], "append", self._log.schema(), [PROJECT], commit_properties=properties
            )
        except CommitFailedError:
            self._log.update_incremental()
            if self.version == known:
                raise
            return False
        return True

    def _check_others(self, removed: Collection[DeltaFile], *, is_export: bool) -> None:
        """Raise `ExportError` unless nothing that others have committed matters here."""
        check_table(self.table, self._log)
        self._list()
        is_gone = any(one.name not in self._shelves[_shelf_of(one)] for one in removed)
        if is_gone or (is_export and self._log.transaction_version(_APP) != self._exported):
            raise _taken(self.table)

    def vacuum(self) -> None:
        """Delete the files that have not been part of the table for its retention time."""
        with delta_errors(self.table):
            self._log.vacuum(dry_run=False, full=True)
            self._log.update_incremental()

    def _list(self) -> None:
        actions: Any = pa.table(self._log.get_add_actions(flatten=True))
        self._shelves.clear()
        self._add(map(_file_of, actions.to_pylist()))

    def _add(self, files: Iterable[DeltaFile]) -> None:
        for one in files:
            self._shelves[_shelf_of(one)][one.name] = one


def open_log(place: DeltaPlace, table: str, *, is_new: bool = False) -> DeltaLog:
    """Open a table, or make it if it `is_new`; columns of newer releases are added to it.

    Raises `ExportError` for a table that no export has made, or that was altered since.
    """
    with delta_errors(table):
        try:
            log = DeltaTable(place.uri_of(table), storage_options=place.options)
        except TableNotFoundError:
            if not is_new:
                raise
            log = make_table(place, table)
        check_table(table, log)
        add_columns(table, log)
        return DeltaLog(table, log)


@contextmanager
def delta_errors(table: str) -> Generator[None]:
    """Raise `OSError` for what goes wrong with a table inside `with`, or `ExportError`."""
    try:
        yield
    except CommitFailedError as error:
        raise _taken(table) from error
    except (DeltaError, OSError) as error:
        said = one_line(without_escapes(str(error)), _MAX_MESSAGE)
        raise OSError(f"Delta table {table}: {said}") from error


def _shelf_of(file: DeltaFile) -> _Shelf:
    month = file.first.replace(day=1)
    return file.project_id, month if file.last.replace(day=1) == month else None


def _known_of(file: DeltaFile) -> dict[str, Any]:
    return {
        "path": file.name,
        "size": file.size,
        "partition_values": {PROJECT: file.project_id},
    }


def _adding(file: DeltaFile, *, at: int, is_change: bool) -> AddAction:
    statistics = {
        "numRecords": file.rows,
        "minValues": {"day": str(file.first)},
        "maxValues": {"day": str(file.last)},
        "nullCount": {"day": 0},
    }
    return AddAction(
        **_known_of(file),
        modification_time=at,
        data_change=is_change,
        stats=json.dumps(statistics),
    )


def _removing(file: DeltaFile, *, at: int, is_change: bool) -> RemoveAction:
    return RemoveAction(**_known_of(file), data_change=is_change, deletion_timestamp=at)


def _file_of(row: dict[str, Any]) -> DeltaFile:
    """Return a file; another program may have written it without statistics."""
    return DeltaFile(
        name=row["path"],
        size=row["size_bytes"],
        project_id=row[f"partition.{PROJECT}"],
        first=row.get("min.day") or date.min,
        last=row.get("max.day") or date.max,
        rows=row.get("num_records") or 0,
    )


def _taken(table: str) -> ExportError:
    return ExportError(
        f"another export writes to this target, or another program to its table {table}: what it "
        "has committed meanwhile was left as it is"
    )
