"""What tables and columns are, and rows of a table that are being collected."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple, Self

import pyarrow as pa

from currents_async.arrow._kinds import COUNT, DAY, MOMENT, TEXT, Kind

Values = Mapping[str, Sequence[object]]
"""The values of each column by its name, in the order of the rows."""
Source = str | Callable[[Any], object]
"""A path of attributes in a model, or a function of the model."""


class Column(NamedTuple):
    """A column: its schema, and where models have its values."""

    name: str
    kind: Kind
    doc: str
    source: Source = ""
    """By default the attribute with the name of the column. What is under None is null."""
    unit: str | None = None
    nullable: bool = True

    @property
    def field(self) -> "pa.Field[Any]":
        metadata = {"doc": self.doc} if self.unit is None else {"doc": self.doc, "unit": self.unit}
        return pa.field(self.name, self.kind.arrow, nullable=self.nullable, metadata=metadata)


def counters_at(path: str, *, flaky: Source | None = None) -> tuple[Column, ...]:
    """Return the columns of the `Counters` at a path."""
    return (
        Column("tests", COUNT, "How many tests there are.", f"{path}.total"),
        Column("passes", COUNT, "Tests that passed.", f"{path}.passes"),
        Column("failures", COUNT, "Tests that failed.", f"{path}.failures"),
        Column("pending", COUNT, "Tests that were skipped on purpose.", f"{path}.pending"),
        Column("skipped", COUNT, "Tests that were interrupted, or never run.", f"{path}.skipped"),
        Column(
            "flaky",
            COUNT,
            "Tests that passed after a failed attempt; also counted among the passes.",
            flaky or f"{path}.flaky",
        ),
        Column("retries", COUNT, "Attempts after the first one of each test.", f"{path}.retries"),
    )


def platform_at(path: str) -> tuple[Column, ...]:
    """Return the columns of the `Platform` at a path."""
    return (
        Column("os_name", TEXT, "The operating system.", f"{path}.os_name"),
        Column("os_version", TEXT, "The version of the operating system.", f"{path}.os_version"),
        Column("browser_name", TEXT, "The browser.", f"{path}.browser_name"),
        Column("browser_version", TEXT, "The version of the browser.", f"{path}.browser_version"),
    )


PROJECT_AND_DAY = (
    Column("project_id", TEXT, "The project.", nullable=False),
    Column("day", DAY, "The day on which the run began, in UTC.", nullable=False),
)
_RUN = Column("run_id", TEXT, "The run.", nullable=False)
_EXPORTED_AT = Column("exported_at", MOMENT, "When the export began that fetched the row.")


def comment_of(metadata: Mapping[bytes, bytes]) -> str:
    """Return what a database may say of a table or a column that has this metadata."""
    text = metadata[b"doc"].decode()
    for what in ("key", "unit"):
        if what.encode() in metadata:
            text += f" {what.capitalize()}: {metadata[what.encode()].decode()}."
    return text


def strange_columns(
    existing: Mapping[str, str], wanted: Mapping[str, str], essential: Iterable[str]
) -> list[str]:
    """Return the columns of a table that have other types than wanted, or are missed by it."""
    strange = [name for name, kind in wanted.items() if existing.get(name, kind) != kind]
    return strange + [name for name in essential if name not in existing]


def values_in(models: Sequence[Any], columns: Iterable[Column]) -> Values:
    """Find the values that some columns have in models."""
    found: dict[str, Sequence[Any]] = {"": models}

    def find(path: str) -> Sequence[Any]:
        if path not in found:
            parent, _, name = path.rpartition(".")
            found[path] = [None if one is None else getattr(one, name) for one in find(parent)]
        return found[path]

    return {
        column.name: [column.source(one) for one in models]
        if callable(column.source)
        else find(column.source or column.name)
        for column in columns
    }


class Table:
    """A table, which begins with the project, the day and the run, and ends with `exported_at`."""

    def __init__(
        self, name: str, doc: str, *, key: tuple[str, ...], columns: Sequence[Column]
    ) -> None:
        self.name = name
        self.key = key
        self.columns = (_RUN, *columns)
        self.schema = pa.schema(
            [column.field for column in (*PROJECT_AND_DAY, *self.columns, _EXPORTED_AT)],
            metadata={"table": name, "key": ",".join(key), "doc": doc},
        )


class Rows(ABC):
    """Base of the rows of a table: adding some fills lists, all other work is done later."""

    table: ClassVar[Table]

    def __init__(self) -> None:
        self._run_ids: list[str] = []

    def __len__(self) -> int:
        return len(self._run_ids)

    def take(self) -> Self:
        """Hand the rows over, and be empty."""
        taken = copy(self)
        vars(self).update(vars(type(self)()))
        return taken

    @abstractmethod
    def _values(self) -> Values:
        """Find the values of all columns but those of the project, day and run."""

    def batch(self, project_id: str, day: date, exported_at: datetime | None) -> pa.RecordBatch:
        """Convert the rows, which are all of one project and day."""
        values: Values = {"run_id": self._run_ids, **self._values()}
        arrays: list[Any] = [
            *(self._repeat(*one) for one in zip(PROJECT_AND_DAY, (project_id, day), strict=True)),
            *(column.kind.array(values[column.name]) for column in self.table.columns),
            self._repeat(_EXPORTED_AT, exported_at),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.table.schema)

    def _repeat(self, column: Column, value: object) -> "pa.Array[Any]":
        return pa.repeat(column.kind.array([value])[0], len(self))


class ModelRows(Rows):
    """Rows of models, one each, in which all columns find their values."""

    def __init__(self) -> None:
        super().__init__()
        self._models: list[Any] = []

    def _values(self) -> Values:
        return values_in(self._models, self.table.columns[1:])  # the run is kept apart


class CellRows(Rows):
    """Rows whose cells are collected as they are found, in the order of the columns.

    They are kept in one list: a tuple for each row would be one more object for the garbage
    collector.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cells: list[object] = []

    def _values(self) -> Values:
        columns = self.table.columns[1:]  # the run is kept apart
        width = len(columns)
        return {column.name: self._cells[number::width] for number, column in enumerate(columns)}
