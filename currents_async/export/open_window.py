"""A window that is being fetched: its rows, until they are written, and what became of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import pyarrow as pa

from currents_async.export.harvest import Found, InstanceFound, NotFetched, RunFound
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

    def has_rows(self, at_least: int) -> bool:
        """Say whether so many rows of a table wait to be taken."""
        return self._builder.has_rows(at_least)

    def take(self, *, at_least: int = 1) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Take the rows of those tables that have so many."""
        for table, batch in self._builder.take(at_least=at_least):
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
