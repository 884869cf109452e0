"""Items of one kind on stdout, one after the other, as `--output` and `--fields` ask for."""

import sys
from collections.abc import AsyncIterable, Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from currents_async.cli._output import tables, writers
from currents_async.cli._output.fields import Field as Field
from currents_async.cli._output.fields import fields_of
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async._pagination.pager import Pager

Format = Literal["table", "json", "ndjson", "csv", "parquet"]


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class Output:
    """How a response is printed."""

    output: Annotated[Format | None, Parameter(alias="-o")] = None
    """By default a table on a terminal, else NDJSON."""
    fields: str | None = None
    """What to print of each item: names separated by commas, with dots inside objects."""
    color: Annotated[tables.Color, Parameter(show_default=False)] = "auto"
    """By default on a terminal, unless NO_COLOR is set."""


OUTPUT = Output()


class Printer:
    """Prints the items of a command; fields are checked before anything is fetched.

    `columns` are what a table shows, written like `--fields`, unless that names others. Nothing is
    collected: lists may be longer than memory.
    """

    def __init__(self, model: type[Model], columns: str, output: Output) -> None:
        """Raise `InvalidArgumentError` for fields that the model does not have."""
        self._format: Format = output.output or ("table" if sys.stdout.isatty() else "ndjson")
        if self._format == "parquet" and sys.stdout.isatty():
            raise InvalidArgumentError("Parquet is for files: redirect it, as in '> runs.parquet'")
        self._color: tables.Color = output.color
        self._picked = None if output.fields is None else fields_of(model, output.fields)
        self._shown = self._picked or fields_of(model, columns)
        self._all = self._picked or fields_of(model)

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
        writer = tables.LineWriter(self._shown) if self._format == "table" else self._writer()

        def add(item: Model) -> None:
            writer.add(item)
            sys.stdout.flush()

        yield add
        writer.end()

    def all(self, items: Iterable[Model]) -> None:
        """Print items that are there already."""
        _print(items, self._writer())

    def one(self, item: Model, *, links: bool = False) -> None:
        """Print the only item: as an object, not as a list of one.

        In place of a table there are lines if it has `links`, which are to be copied as a whole.
        """
        match self._format:
            case "json":
                writer: writers.Writer = writers.ObjectWriter(self._picked)
            case "table" if links:
                writer = tables.LinksWriter(self._shown)
            case "table":
                writer = tables.CardWriter(self._shown, color=self._color)
            case _:
                writer = self._writer()
        _print([item], writer)

    def _writer(self) -> writers.Writer:
        match self._format:
            case "ndjson":
                return writers.NdjsonWriter(self._picked)
            case "json":
                return writers.ArrayWriter(self._picked)
            case "csv":
                return writers.CsvWriter(self._all)
            case "table":
                return tables.TableWriter(self._shown, color=self._color)
            case "parquet":
                # Here, since it needs an extra.
                from currents_async.cli._output.parquet import ParquetWriter  # noqa: PLC0415

                return ParquetWriter(self._all)


def _print(items: Iterable[Model], writer: writers.Writer) -> None:
    for item in items:
        writer.add(item)
    writer.end()
