"""The table of the spec files of runs."""

from collections.abc import Sequence
from datetime import datetime

from currents_async.arrow._kinds import COUNT, FLAG, MOMENT, TEXT, TEXTS, WHOLE
from currents_async.export._tables.table import Column, Rows, Table, Values, counters_at, values_in
from currents_async.models import RunSpec, Stats

_NO_STATS = Stats()


def _stats_of(spec: RunSpec) -> Stats:
    report = spec.results
    return _NO_STATS if report is None or report.stats is None else report.stats


def _started_at(spec: RunSpec) -> datetime | None:
    stats = _stats_of(spec)
    return stats.wall_clock_started_at or stats.started_at


def _ended_at(spec: RunSpec) -> datetime | None:
    stats = _stats_of(spec)
    return stats.wall_clock_ended_at or stats.ended_at


_COLUMNS = (
    Column("position", COUNT, "The number of the spec file in its run, from 0.", nullable=False),
    Column("spec", TEXT, "The path of the spec file.", nullable=False),
    Column(
        "group_id",
        TEXT,
        "The group; empty if it has no name, as in `run_groups`.",
        lambda spec: spec.group_id or "",
        nullable=False,
    ),
    Column("instance_id", TEXT, "The execution of the file; null until a machine has claimed it."),
    Column("machine_id", TEXT, "The machine that claimed it."),
    Column("tags", TEXTS, "The tags of the file; Playwright only.", nullable=False),
    Column("claimed_at", MOMENT, "When a machine claimed it."),
    Column("completed_at", MOMENT, "When its results were received."),
    Column("is_complete", FLAG, "Whether its results were received.", nullable=False),
    Column("exception", TEXT, "What stopped the whole file, if anything.", "results.exception"),
    *counters_at(
        "results.stats",
        # Cypress counts them beside the stats.
        flaky=lambda spec: spec.results and spec.flaky,
    ),
    Column("started_at", MOMENT, "When the first test began.", _started_at),
    Column("ended_at", MOMENT, "When the last test ended.", _ended_at),
    Column(
        "duration_ms", WHOLE, "How long the tests took.", "results.stats.duration_ms", unit="ms"
    ),
    Column(
        "worker_index", COUNT, "The number of the worker; Playwright only.", "worker.worker_index"
    ),
    Column(
        "parallel_index",
        COUNT,
        "The worker's place among those running in parallel; Playwright only.",
        "worker.parallel_index",
    ),
    Column("inactivity_timeout_ms", WHOLE, "How long the machine may be silent.", unit="ms"),
)


class SpecRows(Rows):
    """Spec files of runs."""

    table = Table(
        "specs",
        "The spec files of runs, one row each, including those that no machine has claimed yet.",
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
        return {"position": self._positions, **values_in(self._specs, _COLUMNS[1:])}
