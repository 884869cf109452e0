"""The tables of annotations of tests, and of what some of them say that was measured."""

from currents_async.arrow._kinds import COUNT, FRACTION, TEXT
from currents_async.export._tables.table import CellRows, Column, Table
from currents_async.models import Instance

_TEST = (
    Column("instance_id", TEXT, "The execution of the spec file.", nullable=False),
    Column(
        "test_position", COUNT, "The number of the test in its instance, from 0.", nullable=False
    ),
)
_TEST_ID = Column("test_id", TEXT, "The test's ID in its framework.", nullable=False)
_KEY = ("instance_id", "test_position", "number")


class AnnotationRows(CellRows):
    """Annotations of tests."""

    table = Table(
        "annotations",
        "The annotations of tests, one row each.",
        key=_KEY,
        columns=(
            *_TEST,
            Column("number", COUNT, "Its number in the test, from 0.", nullable=False),
            _TEST_ID,
            Column(
                "type", TEXT, "`owner`, `issue`, or what else its author chose.", nullable=False
            ),
            Column("description", TEXT, "What it says."),
        ),
    )

    def add(self, run_id: str, instance: Instance) -> None:
        for position, test in enumerate(instance.tests):
            place = instance.instance_id, position
            for number, one in enumerate(test.annotations):
                self._cells += (*place, number, test.test_id, one.type, one.description)
            self._run_ids += [run_id] * len(test.annotations)


class MetricRows(CellRows):
    """What tests measured."""

    table = Table(
        "metrics",
        "What tests measured, by their annotations of the type `currents:metric`, one row each.",
        key=_KEY,
        columns=(
            *_TEST,
            Column(
                "number", COUNT, "Its number among the metrics of the test, from 0.", nullable=False
            ),
            _TEST_ID,
            Column("name", TEXT, "What was measured.", nullable=False),
            Column("value", FRACTION, "How much."),
            Column("type", TEXT, "`float`, `integer`, or a newer word.", nullable=False),
            Column(
                "unit",
                TEXT,
                "`none`, `ms`, `s`, `%`, `b`, `kb`, `mb`, `gb`, or a newer word.",
                nullable=False,
            ),
        ),
    )

    def add(self, run_id: str, instance: Instance) -> None:
        for position, test in enumerate(instance.tests):
            metrics = test.metrics if test.annotations else ()
            place = instance.instance_id, position
            for number, one in enumerate(metrics):
                self._cells += (
                    *place,
                    number,
                    test.test_id,
                    one.name,
                    one.value,
                    one.type,
                    one.unit,
                )
            self._run_ids += [run_id] * len(metrics)
