"""Rows of all tables, made of models."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

import pyarrow as pa

from currents_async.export._missing import Missing
from currents_async.export._tables.annotations import AnnotationRows, MetricRows
from currents_async.export._tables.artifacts import ArtifactRows
from currents_async.export._tables.attempts import AttemptRows
from currents_async.export._tables.environments import EnvironmentRows
from currents_async.export._tables.errors import ErrorRows
from currents_async.export._tables.run_groups import GroupRows
from currents_async.export._tables.runs import RunRows
from currents_async.export._tables.specs import SpecRows
from currents_async.export._tables.table import Rows
from currents_async.export._tables.tests import TestRows
from currents_async.models import Instance, Run, RunSpec


class RowBuilder:
    """Collects what was fetched of the runs of one project and day, and makes batches of it.

    Collecting is cheap: the work is done while iterating over what `take` returns.
    """

    def __init__(
        self,
        project_id: str,
        day: date,
        tables: Collection[str] | None = None,
        *,
        exported_at: datetime | None = None,
    ) -> None:
        """Collect rows of some tables, by default of all."""
        self._common = project_id, day, exported_at

        def is_wanted(rows: Rows) -> bool:
            return tables is None or rows.table.name in tables

        self._of_runs = [
            rows for rows in (RunRows(), GroupRows(), EnvironmentRows()) if is_wanted(rows)
        ]
        self._of_specs = [rows for rows in (SpecRows(),) if is_wanted(rows)]
        self._of_instances = [
            rows
            for rows in (
                TestRows(),
                AttemptRows(),
                AnnotationRows(),
                MetricRows(),
                ArtifactRows(),
            )
            if is_wanted(rows)
        ]
        self._of_errors = [rows for rows in (ErrorRows(),) if is_wanted(rows)]
        self._all: tuple[Rows, ...] = (
            *self._of_runs,
            *self._of_specs,
            *self._of_instances,
            *self._of_errors,
        )

    def has_rows(self, at_least: int) -> bool:
        """Return whether a table has at least that many rows."""
        return max(map(len, self._all)) >= at_least

    def add_run(self, run: Run) -> None:
        """Collect a run with its groups and environments, but not its specs."""
        for rows in self._of_runs:
            rows.add(run)

    def add_specs(self, run_id: str, specs: Sequence[RunSpec], *, start: int = 0) -> None:
        """Collect consecutive specs of a run, the first of them being number `start`."""
        for rows in self._of_specs:
            rows.add(run_id, specs, start)

    def add_instance(self, run_id: str, instance: Instance) -> None:
        """Collect the tests of an instance with all that belongs to them, and the artifacts."""
        for rows in self._of_instances:
            rows.add(run_id, instance)

    def add_missing(self, missing: Missing) -> None:
        for rows in self._of_errors:
            rows.add(missing)

    def take(self, *, at_least: int = 1) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Take the rows of all tables that have at least that many, as a batch of each table.

        The batches are made during the iteration, in its thread; they do not include rows that are
        collected after this call.
        """
        taken = [rows.take() for rows in self._all if len(rows) >= max(at_least, 1)]
        return ((rows.table.name, rows.batch(*self._common)) for rows in taken)
