"""Items of one kind on stdout, one after the other, as `--output` and `--fields` ask for."""

import sys
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from currents_async.cli._output import tables, writers
from currents_async.cli._output.columns import Column, columns_of, raw_columns_of
from currents_async.cli._output.fields import Field as Field
from currents_async.cli._output.fields import fields_of
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model

if TYPE_CHECKING:
    from rich.console import Console

    from currents_async._pagination.pager import Pager

Format = Literal["table", "wide", "json", "ndjson", "csv", "parquet"]


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class Look:
    """What is printed of each item, and how tables look."""

    fields: str | None = None
    """What to print of each item: names separated by commas, with dots inside objects."""
    color: Annotated[tables.Color, Parameter(show_default=False)] = "auto"
    """By default on a terminal, unless NO_COLOR is set."""


LOOK = Look()


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class Output:
    """How a response is printed."""

    output: Annotated[Format | None, Parameter(alias="-o")] = None
    """By default a table on a terminal, else NDJSON; a `wide` table cuts and leaves out nothing."""
    look: Look = LOOK


OUTPUT = Output()


class Printer:
    """Prints the items of a command; fields are checked before anything is fetched.

    `columns` are what a table shows, the most important first, unless `--fields` names others: they
    are written like it, or columns. Nothing is collected: lists may be longer than memory.
    """

    def __init__(
        self,
        model: type[Model],
        columns: str | Sequence[Column[Any]],
        output: Output,
        *,
        nothing: str = "nothing found",
    ) -> None:
        """Take what an empty table says. Raises `InvalidArgumentError` for unknown fields."""
        self._nothing = nothing
        self._format: Format = output.output or ("table" if sys.stdout.isatty() else "ndjson")
        if self._format == "parquet" and sys.stdout.isatty():
            raise InvalidArgumentError("Parquet is for files: redirect it, as in '> runs.parquet'")
        self._color: tables.Color = output.look.color
        self._picked = None if output.look.fields is None else fields_of(model, output.look.fields)
        self._all = self._picked or fields_of(model)
        if self._picked is not None:
            self._columns: Sequence[Column[Any]] = raw_columns_of(self._picked)
        elif isinstance(columns, str):
            self._columns = columns_of(model, columns)
        else:
            self._columns = columns

    async def listed(self, items: "Pager[Any, Any]", limit: int | None) -> None:
        """Print the items of a list as they arrive, at most so many if there is a limit."""
        await self.stream(items if limit is None else items.limit(limit))

    async def stream(self, items: AsyncIterable[Model]) -> None:
        """Print items as they arrive."""
        writer = self._writer()
        async for item in items:
            writer.add(item)
        writer.end()

    @contextmanager
    def live(self) -> Generator[Callable[[Model], None]]:
        """Yield a function that prints an item at once."""
        writer = (
            tables.LineWriter(self._columns, color=self._color, is_wide=self._format == "wide")
            if self._is_table
            else self._writer()
        )

        def add(item: Model) -> None:
            writer.add(item)
            sys.stdout.flush()

        yield add
        writer.end()

    def all(self, items: Iterable[Model]) -> None:
        """Print items that are there already."""
        _print(items, self._writer())

    def one(
        self,
        item: Model,
        *,
        links: bool = False,
        show: Callable[["Console"], None] | None = None,
        parts: tuple[Sequence[Column[Any]], Iterable[Model]] | None = None,
    ) -> None:
        """Print the only item: as an object, not as a list of one.

        In place of a table there are lines if it has `links`, which are to be copied as a whole, or
        what `show` writes, unless `--fields` says what to print. Otherwise a table of its `parts`
        is below it.
        """
        if self._is_table and show is not None and self._picked is None:
            show(tables.console(self._color))
            return
        match self._format:
            case "json":
                writer: writers.Writer = writers.ObjectWriter(self._picked)
            case "table" | "wide" if links:
                writer = tables.LinksWriter(self._columns)
            case "table" | "wide":
                writer = tables.CardWriter(self._columns, color=self._color)
            case _:
                writer = self._writer()
        _print([item], writer)
        if parts is not None and self._is_table and self._picked is None:
            columns, rows = parts
            sys.stdout.write("\n")
            _print(rows, self._table(columns))

    def _table(self, columns: Sequence[Column[Any]]) -> writers.Writer:
        return tables.TableWriter(
            columns, color=self._color, is_wide=self._format == "wide", nothing=self._nothing
        )

    @property
    def _is_table(self) -> bool:
        return self._format in {"table", "wide"}

    def _writer(self) -> writers.Writer:
        match self._format:
            case "ndjson":
                return writers.NdjsonWriter(self._picked)
            case "json":
                return writers.ArrayWriter(self._picked)
            case "csv":
                return writers.CsvWriter(self._all)
            case "table" | "wide":
                return self._table(self._columns)
            case "parquet":
                # Here, since it needs an extra.
                from currents_async.cli._output.parquet import ParquetWriter  # noqa: PLC0415

                return ParquetWriter(self._all)


def _print(items: Iterable[Model], writer: writers.Writer) -> None:
    for item in items:
        writer.add(item)
    writer.end()
