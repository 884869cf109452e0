"""The table of tests."""

from datetime import datetime

from currents_async.arrow._kinds import COUNT, FLAG, MOMENT, TEXT, TEXTS, WHOLE
from currents_async.export._tables.table import CellRows, Column, Table
from currents_async.models import Instance, InstanceTest

_COLUMNS = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column("position", COUNT, "The number of the test in its instance, from 0.", nullable=False),
    Column("spec", TEXT, "The path of the spec file.", nullable=False),
    Column(
        "group_id",
        TEXT,
        "The group; empty if it has no name, as in `run_groups`.",
        nullable=False,
    ),
    Column("test_id", TEXT, "The test's ID in its framework.", nullable=False),
    Column(
        "title", TEXTS, "The titles of its suites, outermost first, then its own.", nullable=False
    ),
    Column("state", TEXT, "`passed`, `failed`, `pending`, `skipped`, or a newer word."),
    Column("is_flaky", FLAG, "Whether it passed only after a failed attempt.", nullable=False),
    Column("attempts", COUNT, "How many attempts there were.", nullable=False),
    Column("tags", TEXTS, "The tags of the test.", nullable=False),
    Column("display_error", TEXT, "The error as Currents displays it."),
    Column("owner", TEXT, "Who owns it: the first of its annotations of that type."),
    Column("started_at", MOMENT, "When the first attempt began."),
    Column(
        "duration_ms",
        WHOLE,
        "From the start of the first attempt to the end of the last one.",
        unit="ms",
    ),
    Column(
        "instance_signature",
        TEXT,
        "The signature that its instance has; no document says of what.",
    ),
)


class TestRows(CellRows):
    """Tests of instances."""

    __test__ = False  # pytest takes what is called Test… for tests

    table = Table(
        "tests",
        "The tests of instances, one row each.",
        key=("instance_id", "position"),
        columns=_COLUMNS,
    )

    def add(self, run_id: str, instance: Instance) -> None:
        cells = self._cells
        instance_id, spec, group_id = instance.instance_id, instance.spec, instance.group_id or ""
        for position, test in enumerate(instance.tests):
            cells += (
                instance_id,
                position,
                spec,
                group_id,
                test.test_id,
                test.title,
                test.state,
                test.is_flaky,
                len(test.attempts),
                test.tags,
                test.display_error,
                test.owner if test.annotations else None,
                _started_at(test),
                test.duration,
                instance.signature,
            )
        self._run_ids += [run_id] * len(instance.tests)


def _started_at(test: InstanceTest) -> datetime | None:
    if test.start_time is None and test.attempts:
        return test.attempts[0].wall_clock_started_at
    return test.start_time
