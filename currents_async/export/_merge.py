"""The old rows of a window that are kept, because nothing new replaces them.

An export never replaces rows by less: those of a run or an instance that the server no longer has,
or did not send, are kept. Rows are read in batches; only IDs are held in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from currents_async.export._tables import OF_INSTANCES, OF_RUNS
from currents_async.export._tables.rows import RowBuilder
from currents_async.export._windows import Window
from currents_async.export._write.sinks import ReadableSink
from currents_async.models import Run

_OF_FILES = ("run_id", "group_id", "spec", "instance_id")

_File = tuple[str, str, str]
"""A run, a group of it, and the path of a spec file."""


class Fresh:
    """The IDs of what has been fetched of a window: its rows replace those that were there."""

    def __init__(self) -> None:
        self.owners: defaultdict[str, set[str]] = defaultdict(set)
        """The runs that have new rows in a table, or for tables of instances the instances."""
        self.partial: dict[str, Run] = {}
        """Runs as the list has them; an earlier export may know more."""
        self.specs: dict[str, int] = {}
        """How many spec files each run has that was fetched in full."""
        self.files: dict[_File, bool] = {}
        """The spec files of those runs, and whether each has an instance."""
        self.listed: set[str] = set()
        """The instances that those runs list."""

    def add_run(self, run: Run) -> None:
        """Note the IDs of a run that was fetched in full."""
        self.specs[run.run_id] = len(run.specs)
        for spec in run.specs:
            file = run.run_id, spec.group_id or "", spec.spec
            self.files[file] = self.files.get(file, False) or spec.instance_id is not None
            if spec.instance_id is not None:
                self.listed.add(spec.instance_id)

    def add_rows(self, table: str, batch: Any) -> None:
        """Note the runs or instances whose rows have been staged."""
        self.owners[table].update(batch.column(_owner_in(table)).to_pylist())

    def is_superseded(self, run_id: str, group_id: str, spec: str, instance_id: str | None) -> bool:
        """Return whether the spec file of an old row has been executed as another instance."""
        is_known = instance_id is None or instance_id in self.listed
        return not is_known and self.files.get((run_id, group_id, spec), False)


class Merge:
    """Stages the rows of a window that are kept beside the new ones, table by table."""

    def __init__(
        self,
        sink: ReadableSink,
        window: Window,
        fresh: Fresh,
        *,
        failed_runs: Collection[str],
        exported_at: datetime,
    ) -> None:
        """Merge into a sink; instances that are kept are noted for `failed_runs`, too."""
        self._sink = sink
        self._window = window
        self._fresh = fresh
        self._exported_at = exported_at
        self._superseded: set[str] = set()
        self._noted = fresh.specs.keys() | set(failed_runs)
        self._renumbered_count: Counter[str] = Counter()
        self.unchanged: set[str] = set()
        """Tables without anything new."""
        self.unchanged_rows: Counter[str] = Counter()
        """How many rows they have."""
        self.rows: Counter[str] = Counter()
        """Rows of each table that have been staged here."""
        self.runs: set[str] = set()
        """Runs with old rows."""
        self.instances: defaultdict[str, set[str]] = defaultdict(set)
        """Instances whose tests or attempts are kept, by run."""
        self.specs: Counter[str] = Counter()
        """How many spec files are kept of runs that were fetched without them."""

    def run(self, tables: Iterable[str]) -> None:
        """Merge some tables, in the order of `SCHEMAS`."""
        self._find_superseded(tables)
        for table in tables:
            if table == "errors":
                continue
            if self._has_changes(table):
                self._keep_rows(table)
            else:
                self.unchanged.add(table)
                for batch in self._read(table, _ids_in(table)):
                    self.unchanged_rows[table] += batch.num_rows
                    self._note(table, batch)

    def _read(self, table: str, columns: Sequence[str] | None = None) -> Iterator[Any]:
        return self._sink.read(self._window, table, columns)

    def _find_superseded(self, tables: Iterable[str]) -> None:
        table = next((one for one in ("specs", "tests") if one in tables), None)
        if table is None or not self._fresh.files:
            return
        for batch in self._read(table, _OF_FILES):
            columns = [batch.column(name).to_pylist() for name in _OF_FILES]
            for row in zip(*columns, strict=True):
                if self._fresh.is_superseded(*row):
                    self._superseded.add(row[-1])

    def _has_changes(self, table: str) -> bool:
        fresh = self._fresh
        return bool(
            fresh.owners[table]
            or (table in OF_RUNS and fresh.partial)
            or (table in OF_INSTANCES and self._superseded)
        )

    def _keep_rows(self, table: str) -> None:
        if table in OF_RUNS and self._fresh.partial:
            self._stage_partial_runs(table)
        for batch in self._read(table):
            kept = batch.filter(pa.array(self._is_kept(table, batch), pa.bool_()))
            if kept.num_rows:
                self._note(table, kept)
                self._stage(table, self._renumbered(kept) if table == "specs" else kept)

    def _is_kept(self, table: str, batch: Any) -> list[bool]:
        if table == "specs":
            columns = [batch.column(name).to_pylist() for name in _OF_FILES[:3]]
            return [file not in self._fresh.files for file in zip(*columns, strict=True)]
        fresh, superseded = self._fresh.owners[table], self._superseded
        owners = batch.column(_owner_in(table)).to_pylist()
        return [owner not in fresh and owner not in superseded for owner in owners]

    def _renumbered(self, specs: Any) -> Any:
        """Give old spec files the positions after those of the new ones of their runs."""
        positions = specs.column("position").to_pylist()
        for index, run_id in enumerate(specs.column("run_id").to_pylist()):
            if fresh := self._fresh.specs.get(run_id):
                positions[index] = fresh + self._renumbered_count[run_id]
                self._renumbered_count[run_id] += 1
        column = specs.schema.get_field_index("position")
        field = specs.schema.field(column)
        return specs.set_column(column, field, pa.array(positions, field.type))

    def _stage_partial_runs(self, table: str) -> None:
        """Stage runs as the list has them, completed by what an earlier export knew of them."""
        partial = self._fresh.partial
        builder = RowBuilder(
            self._window.project_id, self._window.day, [table], exported_at=self._exported_at
        )
        for run in partial.values():
            builder.add_run(run)
        old: dict[str, dict[str, Any]] = {}
        if table == "runs":
            for batch in self._read(table):
                rows = batch.filter(
                    pa.array([run_id in partial for run_id in batch.column("run_id").to_pylist()])
                )
                old |= {row["run_id"]: row for row in rows.to_pylist()}
        for _, batch in builder.take():
            filled = [_filled(row, old.get(row["run_id"], {})) for row in batch.to_pylist()]
            self._fresh.add_rows(table, batch)
            self._stage(table, pa.RecordBatch.from_pylist(filled, schema=batch.schema))

    def _stage(self, table: str, batch: Any) -> None:
        self.rows[table] += batch.num_rows
        self._sink.write(self._window, table, batch)

    def _note(self, table: str, batch: Any) -> None:
        runs = batch.column("run_id").to_pylist()
        self.runs.update(runs)
        if table == "specs":
            self.specs.update(run for run in runs if run in self._fresh.specs)
        elif table in {"tests", "attempts"}:
            instances = batch.column("instance_id").to_pylist()
            for run_id, instance_id in zip(runs, instances, strict=True):
                if run_id in self._noted and instance_id not in self._superseded:
                    self.instances[run_id].add(instance_id)


def _owner_in(table: str) -> str:
    return "instance_id" if table in OF_INSTANCES else "run_id"


def _ids_in(table: str) -> list[str]:
    return ["run_id", "instance_id"] if table in OF_INSTANCES else ["run_id"]


def _filled(row: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    return {name: old.get(name) if value is None else value for name, value in row.items()}
