"""The table of the spec files of runs."""

from collections.abc import Sequence

from currents_async.export._tables.columns import COUNTERS, Column, Values, counters_of
from currents_async.export._tables.kinds import COUNT, FLAG, MOMENT, TEXT, TEXTS, WHOLE
from currents_async.export._tables.table import Rows, Table
from currents_async.models import RunSpec, SpecReport, Stats, Worker

_COLUMNS = (
    Column("position", COUNT, "The number of the spec file in its run, from 0.", nullable=False),
    Column("spec", TEXT, "The path of the spec file.", nullable=False),
    Column(
        "group_id",
        TEXT,
        "The group; empty when it has no name, as in `run_groups`.",
        nullable=False,
    ),
    Column("instance_id", TEXT, "The execution of the file; null while there is none."),
    Column("machine_id", TEXT, "The machine that claimed it."),
    Column("tags", TEXTS, "The tags of the file; Playwright only.", nullable=False),
    Column("claimed_at", MOMENT, "When a machine claimed it."),
    Column("completed_at", MOMENT, "When its results were in."),
    Column("is_complete", FLAG, "Whether the results are in.", nullable=False),
    Column("exception", TEXT, "What stopped the whole file, where something did."),
    *COUNTERS,
    Column("started_at", MOMENT, "When the first test began."),
    Column("ended_at", MOMENT, "When the last test ended."),
    Column("duration_ms", WHOLE, "How long the tests took.", "ms"),
    Column("worker_index", COUNT, "The number of the worker; Playwright only."),
    Column("parallel_index", COUNT, "The worker's place among those at work; Playwright only."),
    Column("inactivity_timeout_ms", WHOLE, "How long the machine may be silent.", "ms"),
)
_NO_REPORT = SpecReport()
_NO_STATS = Stats()
_NO_WORKER = Worker()


class SpecRows(Rows):
    """Spec files of runs."""

    table = Table(
        "specs",
        "The spec files of runs, one row each, those that nobody has claimed yet included.",
        key=("run_id", "position"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._positions: list[int] = []
        self._specs: list[RunSpec] = []

    def add(self, run_id: str, specs: Sequence[RunSpec], start: int) -> None:
        """Add some spec files of a run, the first of them being number `start`."""
        self._run_ids += [run_id] * len(specs)
        self._positions += range(start, start + len(specs))
        self._specs += specs

    def _values(self) -> Values:
        specs = self._specs
        reports = [spec.results or _NO_REPORT for spec in specs]
        stats = [report.stats or _NO_STATS for report in reports]
        workers = [spec.worker or _NO_WORKER for spec in specs]
        return {
            "position": self._positions,
            "spec": [spec.spec for spec in specs],
            "group_id": [spec.group_id or "" for spec in specs],
            "instance_id": [spec.instance_id for spec in specs],
            "machine_id": [spec.machine_id for spec in specs],
            "tags": [spec.tags for spec in specs],
            "claimed_at": [spec.claimed_at for spec in specs],
            "completed_at": [spec.completed_at for spec in specs],
            "is_complete": [spec.is_complete for spec in specs],
            "exception": [report.exception for report in reports],
            **counters_of([report.stats for report in reports]),
            # Cypress counts them beside the stats.
            "flaky": [spec.results and spec.flaky for spec in specs],
            "started_at": [one.wall_clock_started_at or one.started_at for one in stats],
            "ended_at": [one.wall_clock_ended_at or one.ended_at for one in stats],
            "duration_ms": [one.duration_ms for one in stats],
            "worker_index": [worker.worker_index for worker in workers],
            "parallel_index": [worker.parallel_index for worker in workers],
            "inactivity_timeout_ms": [spec.inactivity_timeout_ms for spec in specs],
        }
