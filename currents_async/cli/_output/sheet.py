"""Items of one kind on stdout, one after the other."""

import sys
from collections.abc import AsyncIterable, Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Protocol

from currents_async.cli._options import Form, Output
from currents_async.cli._output.delimited import CsvWriter
from currents_async.cli._output.fields import Field, all_fields_of, fields_of, read_names
from currents_async.cli._output.lines import JsonWriter, NdjsonWriter, ObjectWriter
from currents_async.cli._output.tables import CardWriter, Color, LineWriter, TableWriter
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model


class Writer(Protocol):
    """Writes items as they come."""

    def add(self, item: Model) -> None:
        """Write an item, at once or soon."""
        ...

    def end(self) -> None:
        """Write what is left."""
        ...


class Sheet:
    """Where a command prints its items; fields are checked before anything is fetched.

    `columns` are what a table shows, unless `--fields` says else. Nothing is collected: lists may
    be longer than memory.
    """

    def __init__(self, model: type[Model], columns: Iterable[str], output: Output) -> None:
        """Raise `InvalidArgumentError` for fields that the model has not."""
        self._form: Form = output.output or _default_form()
        if self._form == "parquet" and sys.stdout.isatty():
            raise InvalidArgumentError("Parquet is for files: redirect it, as in '> runs.parquet'")
        self._color: Color = output.color
        self._picked = (
            None if output.fields is None else fields_of(model, read_names(output.fields))
        )
        self._shown = self._picked or fields_of(model, columns)
        self._all = self._picked or all_fields_of(model)

    async def fill(self, items: AsyncIterable[Model]) -> None:
        """Print items while they come."""
        writer = self._writer()
        async for item in items:
            writer.add(item)
        writer.end()

    @contextmanager
    def live(self) -> Generator[Callable[[Model], None]]:
        """Print each item that what is yielded is called with, at once."""
        writer = LineWriter(self._shown) if self._form == "table" else self._writer()

        def add(item: Model) -> None:
            writer.add(item)
            sys.stdout.flush()

        yield add
        writer.end()

    def fill_with(self, items: Iterable[Model]) -> None:
        """Print items that are there already."""
        writer = self._writer()
        for item in items:
            writer.add(item)
        writer.end()

    def fill_in(self, item: Model) -> None:
        """Print the one item that there is: as an object, not as a list of one."""
        writer: Writer
        match self._form:
            case "json":
                writer = ObjectWriter(self._picked)
            case "table":
                writer = CardWriter(self._shown, color=self._color)
            case _:
                writer = self._writer()
        writer.add(item)
        writer.end()

    def _writer(self) -> Writer:
        match self._form:
            case "ndjson":
                return NdjsonWriter(self._picked)
            case "json":
                return JsonWriter(self._picked)
            case "csv":
                return CsvWriter(self._all)
            case "table":
                return TableWriter(self._shown, color=self._color)
            case "parquet":
                return _parquet_writer(self._all)


def _default_form() -> Form:
    return "table" if sys.stdout.isatty() else "ndjson"


def _parquet_writer(fields: list[Field]) -> Writer:
    from currents_async.cli._output.parquet import ParquetWriter  # noqa: PLC0415 - an extra

    return ParquetWriter(fields)
