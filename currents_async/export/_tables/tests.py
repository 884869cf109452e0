"""The table of tests."""

from currents_async.export._tables.columns import Column, Values
from currents_async.export._tables.kinds import COUNT, FLAG, TEXT, TEXTS
from currents_async.export._tables.table import Rows, Table
from currents_async.models import Instance, InstanceTest

_COLUMNS = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column("position", COUNT, "The number of the test in its instance, from 0.", nullable=False),
    Column("spec", TEXT, "The path of the spec file.", nullable=False),
    Column(
        "group_id",
        TEXT,
        "The group; empty when it has no name, as in `run_groups`.",
        nullable=False,
    ),
    Column("test_id", TEXT, "What the framework calls the test.", nullable=False),
    Column("title", TEXTS, "The titles of the suites around it, then its own.", nullable=False),
    Column("state", TEXT, "`passed`, `failed`, `pending`, `skipped`, or a newer word."),
    Column("is_flaky", FLAG, "Whether it passed, but only after a failed attempt.", nullable=False),
    Column("attempts", COUNT, "How many attempts there were.", nullable=False),
    Column("tags", TEXTS, "The tags of the test.", nullable=False),
    Column("display_error", TEXT, "The error as it is shown to people."),
)


class TestRows(Rows):
    """Tests of instances."""

    __test__ = False  # pytest takes what is called Test… for tests

    table = Table(
        "tests",
        "The tests of instances, one row each.",
        key=("instance_id", "position"),
        columns=_COLUMNS,
    )

    def __init__(self) -> None:
        super().__init__()
        self._instance_ids: list[str] = []
        self._positions: list[int] = []
        self._specs: list[str] = []
        self._group_ids: list[str] = []
        self._tests: list[InstanceTest] = []

    def add(self, run_id: str, instance: Instance) -> None:
        """Add the tests of an instance."""
        tests = instance.tests
        count = len(tests)
        self._run_ids += [run_id] * count
        self._instance_ids += [instance.instance_id] * count
        self._positions += range(count)
        self._specs += [instance.spec] * count
        self._group_ids += [instance.group_id or ""] * count
        self._tests += tests

    def _values(self) -> Values:
        tests = self._tests
        return {
            "instance_id": self._instance_ids,
            "position": self._positions,
            "spec": self._specs,
            "group_id": self._group_ids,
            "test_id": [test.test_id for test in tests],
            "title": [test.title for test in tests],
            "state": [test.state for test in tests],
            "is_flaky": [test.is_flaky for test in tests],
            "attempts": [len(test.attempts) for test in tests],
            "tags": [test.tags for test in tests],
            "display_error": [test.display_error for test in tests],
        }
