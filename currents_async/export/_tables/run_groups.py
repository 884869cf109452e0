"""The table of the groups of runs."""

from currents_async.export._tables.columns import (
    COUNTERS,
    PLATFORM,
    Column,
    Values,
    counters_of,
    platforms_of,
)
from currents_async.export._tables.kinds import COUNT, TEXT, TEXTS
from currents_async.export._tables.table import Rows, Table
from currents_async.models import Run, RunGroup

_COLUMNS = (
    Column(
        "group_id",
        TEXT,
        "The group: a project of Playwright, or a `--group` of Cypress; empty when it has no name.",
        nullable=False,
    ),
    Column("tags", TEXTS, "The tags of the group.", nullable=False),
    *PLATFORM,
    Column("specs", COUNT, "How many spec files there are."),
    Column("specs_claimed", COUNT, "Spec files that machines have claimed."),
    Column("specs_complete", COUNT, "Spec files whose results are in."),
    Column("specs_passed", COUNT, "Spec files without a failure."),
    Column("specs_failed", COUNT, "Spec files with failures."),
    *COUNTERS,
)


class GroupRows(Rows):
    """Groups of runs."""

    table = Table(
        "run_groups",
        "The groups of runs, one row each.",
        key=("run_id", "group_id"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._groups: list[RunGroup] = []

    def add(self, run: Run) -> None:
        """Add the groups of a run."""
        self._run_ids += [run.run_id] * len(run.groups)
        self._groups += run.groups

    def _values(self) -> Values:
        groups = self._groups
        specs = [group.instances for group in groups]
        return {
            "group_id": [group.group_id or "" for group in groups],
            "tags": [group.tags for group in groups],
            **platforms_of([group.platform for group in groups]),
            "specs": [counted and counted.overall for counted in specs],
            "specs_claimed": [counted and counted.claimed for counted in specs],
            "specs_complete": [counted and counted.complete for counted in specs],
            "specs_passed": [counted and counted.passes for counted in specs],
            "specs_failed": [counted and counted.failures for counted in specs],
            **counters_of([group.tests for group in groups]),
        }
