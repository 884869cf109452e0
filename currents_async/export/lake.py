"""Keeping the files of exports in good order: what is there, whether it is sound, less of it.

```python
await compact("lake")
assert not await check("lake")
```

While an export writes to a target, it cannot be looked at or changed by these functions, nor the
other way round.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from currents_async._checks import check_aware, check_segment, check_text, check_texts
from currents_async._redaction import hide_credentials
from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._job import in_thread_or_export_error
from currents_async.export._plan import LOOK_BACK
from currents_async.export._tables import WINDOWS
from currents_async.export._windows import Window
from currents_async.export._write.journal import Journal
from currents_async.export._write.sinks import Compacted
from currents_async.export._write.target import JOURNAL, Target, local_path, open_target

T = TypeVar("T")
_Choose = Callable[[Journal], list[Window]]

__all__ = ["Compacted", "ExportedWindow", "Fault", "check", "compact", "delete", "windows"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a project that does not have as many rows in a table as the record says."""

    table: str
    project_id: str
    day: date
    rows: int
    """As many as were read."""
    recorded: int
    """As many as there should be; 0 also of days that are not recorded."""


class ExportedWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a project that has been exported, as the record of the target has it."""

    project_id: str
    day: date
    exported_at: datetime | None
    """When the export began that its rows are from; None while they are being replaced."""
    state: str
    """`final`, or why the day is exported again: `not over`, `open runs` or `missing`."""
    open_runs: int
    """Runs that had not ended."""
    missing: int
    """What could not be fetched, and is tried again."""
    rows: int | None
    """The rows in all tables; None if an earlier release exported it."""


async def windows(
    target: str | Path, *, projects: Sequence[str] = (), before: datetime | None = None
) -> list[ExportedWindow]:
    """Return which days of which projects are in a target, the oldest first.

    By default all; or those of some `projects`, or those that were over `before` then, or both.

    Raises `InvalidArgumentError`, and `ExportError` if there is no export at the target, or it is
    in use.
    """
    return await _in_thread(target, partial(_windows, choose=_chooser(projects, before)))


async def check(target: str | Path) -> list[Fault]:
    """Read all rows of a target, and return where they are not as many as its record says.

    Days that are being replaced, or that an earlier release exported, are read but not compared.

    Raises `InvalidArgumentError`, and `ExportError` if there is no export at the target, it is in
    use, or a file cannot be read.
    """
    return await _in_thread(target, _check)


async def compact(target: str | Path, *, before: datetime | None = None) -> Compacted:
    """Join the files of each month that is over, or that was over `before` then.

    Each row is in one file at any moment, whatever happens; on a local disk of Linux also for
    readers that list directories meanwhile. Elsewhere, and in object stores, they may find the rows
    of a month twice, until its old files are removed a moment later, or by the next export or
    compaction if this one is killed. A day of a month that is compacted can be exported again.

    A file has at most 128 MiB, and larger ones are left as they are. Of Delta tables, files that
    have not been part of a table for a week, or what its `delta.deletedFileRetentionDuration` says,
    are deleted, also those of a killed export.

    Raises `InvalidArgumentError`; and `ExportError` if there is no export in files at the target,
    or it is in use.
    """
    moment = datetime.now(UTC) if before is None else check_aware("before", before)
    last = moment.astimezone(UTC).date().replace(day=1)
    return await _in_thread(target, partial(_compact, before=last))


async def delete(
    target: str | Path, *, projects: Sequence[str] = (), before: datetime | None = None
) -> int:
    """Delete the days of some `projects`, or those that were over `before` then; or both.

    Returns how many days of projects were deleted. An export that asks for them fetches them again.

    Raises `InvalidArgumentError`, also if neither is given; and `ExportError` if there is no
    export at the target, or it is in use.
    """
    if not projects and before is None:
        raise InvalidArgumentError("pass projects or before, or both: else all would be deleted")
    return await _in_thread(target, partial(_delete, choose=_chooser(projects, before)))


def _chooser(projects: Sequence[str], before: datetime | None) -> _Choose:
    """Return what picks the days of some projects, or those before a moment; or both."""
    chosen = frozenset(check_texts("projects", projects, check_segment))
    day = None if before is None else check_aware("before", before).astimezone(UTC).date()
    return lambda journal: [
        window
        for window in journal.windows
        if (not chosen or window.project_id in chosen) and (day is None or window.day < day)
    ]


async def _in_thread(target: str | Path, work: Callable[[Target], T]) -> T:
    if not isinstance(target, Path):
        check_text("target", target)
    return await in_thread_or_export_error(partial(_open_and_do, target, work))


def _open_and_do(target: str | Path, work: Callable[[Target], T]) -> T:
    path = None if "://" in str(target) else local_path(target)
    # Else a look would leave a lock in a directory of others.
    if path is None or path.is_file() or (path / JOURNAL).is_file():
        with open_target(target, None, None, create=False) as opened:
            if opened.journal.options is not None:
                return work(opened)
    raise ExportError(f"there is no export at {hide_credentials(target)}")


def _check(target: Target) -> list[Fault]:
    journal = target.journal
    faults: list[Fault] = []
    for table in (*journal.tables_of(None), WINDOWS):
        counts = target.sink.count(table, journal.windows)
        for window in sorted({*counts, *journal.windows}):
            entry = journal.entry(window)
            recorded = {} if entry is None else entry.rows
            if recorded is None or (entry is not None and entry.exported_at is None):
                continue
            expected = int(entry is not None) if table == WINDOWS else recorded.get(table, 0)
            if counts[window] != expected:
                faults.append(
                    Fault(
                        table=table,
                        project_id=window.project_id,
                        day=window.day,
                        rows=counts[window],
                        recorded=expected,
                    )
                )
    return faults


def _compact(target: Target, *, before: date) -> Compacted:
    target.journal.check()
    return target.sink.compact([one for one in target.journal.windows if one.day < before])


def _delete(target: Target, *, choose: _Choose) -> int:
    journal = target.journal
    windows = choose(journal)
    kept = [one for one in journal.windows if one not in set(windows)]
    with journal.transaction():
        journal.check()
        # Until all of it is gone, whoever comes next deletes or exports it again.
        with journal.at_once():
            for window in windows:
                journal.reopen(window, keeps_rows=False)
        target.sink.delete(windows, kept=kept)
        with journal.at_once():
            for window in windows:
                journal.remove(window)
    return len(windows)


def _windows(target: Target, *, choose: _Choose) -> list[ExportedWindow]:
    journal = target.journal
    entries = filter(None, map(journal.entry, choose(journal)))
    return [
        ExportedWindow(
            project_id=entry.project_id,
            day=entry.day,
            exported_at=entry.exported_at,
            state=entry.state(look_back=LOOK_BACK),
            open_runs=entry.open_runs,
            missing=entry.failures,
            rows=None if entry.rows is None else sum(entry.rows.values()),
        )
        for entry in entries
    ]
