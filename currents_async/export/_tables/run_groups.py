"""The table of the groups of runs."""

from currents_async.arrow._kinds import COUNT, FLAG, TEXT, TEXTS, WHOLE
from currents_async.export._tables.table import (
    Column,
    ModelRows,
    Table,
    counters_at,
    platform_at,
)
from currents_async.models import Run

_COLUMNS = (
    Column(
        "group_id",
        TEXT,
        "The group: a project of Playwright, or a `--group` of Cypress; empty if it has no name.",
        lambda group: group.group_id or "",
        nullable=False,
    ),
    Column("tags", TEXTS, "The tags of the group.", nullable=False),
    *platform_at("platform"),
    Column("specs", COUNT, "How many spec files there are.", "instances.overall"),
    Column("specs_claimed", COUNT, "Spec files claimed by a machine.", "instances.claimed"),
    Column("specs_complete", COUNT, "Spec files with results.", "instances.complete"),
    Column("specs_passed", COUNT, "Spec files without a failure.", "instances.passes"),
    Column("specs_failed", COUNT, "Spec files with failures.", "instances.failures"),
    *counters_at("tests"),
    Column("duration_ms", WHOLE, "How long it took.", unit="ms"),
    Column("environment", TEXT, "Where its tests ran, for example `staging`."),
    Column("coverage_enabled", FLAG, "Whether code coverage is recorded."),
)


class GroupRows(ModelRows):
    """Groups of runs."""

    table = Table(
        "run_groups",
        "The groups of runs, one row each.",
        key=("run_id", "group_id"),
        columns=_COLUMNS,
    )

    def add(self, run: Run) -> None:
        self._run_ids += [run.run_id] * len(run.groups)
        self._models += run.groups
