"""A window that is being fetched: its rows, until they are written, and what became of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import pyarrow as pa

from currents_async.export.harvest import Found, InstanceFound, NotFetched, RunFound, WindowEnded
from currents_async.export.journal import Entry
from currents_async.export.rows import RowBuilder
from currents_async.export.windows import Window

BATCH = 4096
"""Rows that are converted at once."""


class OpenWindow:
    """Makes rows of what is found of a window."""

    def __init__(self, window: Window, tables: Iterable[str]) -> None:
        self.window = window
        self.rows: dict[str, int] = dict.fromkeys(tables, 0)
        """Rows of each table that have been taken."""
        self.has_ended: bool = False
        """Whether nothing more will be found of it."""
        self._builder = RowBuilder(window.project_id, window.day, self.rows.keys())
        self._open_runs = 0
        self._failures = 0

    def collect(self, found: Found) -> None:
        """Make rows of what has been found."""
        builder = self._builder
        match found:
            case RunFound(run=run):
                builder.add_run(run)
                builder.add_specs(run.run_id, run.specs)
                self._open_runs += not run.has_ended
            case InstanceFound(run_id=run_id, instance=instance):
                builder.add_instance(run_id, instance)
            case NotFetched(run_id=run_id, instance_id=instance_id, spec=spec, error=error):
                builder.add_error(run_id, error, instance_id=instance_id, spec=spec)
                self._failures += 1
            case _:
                raise AssertionError(found)

    @property
    def is_ready(self) -> bool:
        """Whether there is something to be done about it: rows to be taken, or its end."""
        return self.has_ended or self._builder.has_rows(BATCH)

    def take(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Take the rows of those tables that have many, at the end of all."""
        for table, batch in self._builder.take(at_least=1 if self.has_ended else BATCH):
            self.rows[table] += batch.num_rows
            yield table, batch

    def entry(self, *, exported_at: datetime) -> Entry:
        """Return what to record of it."""
        return Entry(
            project_id=self.window.project_id,
            day=self.window.day,
            exported_at=exported_at,
            open_runs=self._open_runs,
            failures=self._failures,
        )


class OpenWindows:
    """The windows that are being fetched; each is forgotten when it ends."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._tables = tuple(tables)
        self._open: dict[Window, OpenWindow] = {}

    def take_in(self, found: Found) -> OpenWindow | None:
        """Make rows of what has been found; return its window when that is ready."""
        window = found.window
        opened = self._open.get(window)
        if opened is None:
            opened = self._open[window] = OpenWindow(window, self._tables)
        if isinstance(found, WindowEnded):
            del self._open[window]
            opened.has_ended = True
        else:
            opened.collect(found)
        return opened if opened.is_ready else None
