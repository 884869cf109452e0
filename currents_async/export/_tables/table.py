"""What tables are, and rows of them that are being collected, column by column."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from datetime import date
from typing import Any, ClassVar, Self

import pyarrow as pa

from currents_async.export._tables.columns import Column, Values
from currents_async.export._tables.kinds import DAY, TEXT

_PARTITION = (
    Column("project_id", TEXT, "The project.", nullable=False),
    Column("day", DAY, "The day on which the run began, in UTC.", nullable=False),
)
_RUN = Column("run_id", TEXT, "The run.", nullable=False)


class Table:
    """A table, which begins with the project, the day and the run."""

    def __init__(
        self, name: str, doc: str, *, key: tuple[str, ...], columns: Sequence[Column]
    ) -> None:
        self.name = name
        self.key = key
        self.columns = (_RUN, *columns)
        self.schema = pa.schema(
            [column.field for column in (*_PARTITION, *self.columns)],
            metadata={"table": name, "key": ",".join(key), "doc": doc},
        )


class Rows(ABC):
    """Base of the rows of a table: to add some fills lists, and everything else is for later."""

    table: ClassVar[Table]

    def __init__(self) -> None:
        self._run_ids: list[str] = []

    def __len__(self) -> int:
        return len(self._run_ids)

    def take(self) -> Self:
        """Hand the rows over, and be without any."""
        taken = copy(self)
        vars(self).update(vars(type(self)()))
        return taken

    @abstractmethod
    def _values(self) -> Values:
        """Find the values of all columns but those of the project, day and run."""

    def batch(self, project_id: str, day: date) -> pa.RecordBatch:
        """Convert the rows, which are all of one project and day."""
        values: Values = {"run_id": self._run_ids, **self._values()}
        arrays: list[Any] = [
            pa.repeat(column.kind.array([value])[0], len(self))
            for column, value in zip(_PARTITION, (project_id, day), strict=True)
        ]
        arrays += [column.kind.array(values[column.name]) for column in self.table.columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.table.schema)


class CellRows(Rows):
    """Rows whose cells are collected as they are found, in the order of the columns.

    They stand one after the other: a tuple for each row would be one more thing for the collector.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cells: list[object] = []

    def _values(self) -> Values:
        columns = self.table.columns[1:]  # the run is kept apart
        width = len(columns)
        return {column.name: self._cells[number::width] for number, column in enumerate(columns)}
