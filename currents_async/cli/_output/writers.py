"""Items as text that programs read: NDJSON, JSON and CSV (RFC 4180)."""

import csv
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from currents_async.cli._output.fields import Field, as_text, leaves_of
from currents_async.cli._streams import machine_stdout, printable, safe_json
from currents_async.models._model import Model


class Writer(ABC):
    """Writes items as they come."""

    @abstractmethod
    def add(self, item: Model) -> None:
        """Write an item, at once or soon."""

    def end(self) -> None:  # noqa: B027 - most have written everything by then
        """Write what is left."""


class _JsonWriter(Writer):
    """Writes the JSON of items, or of some of their fields by the names they were asked for."""

    def __init__(self, fields: Sequence[Field] | None) -> None:
        """Take what to write of each item, or None for all of it."""
        self._fields = fields
        self._out = machine_stdout()

    def _text(self, item: Model) -> str:
        if self._fields is None:
            return safe_json(item.to_json())
        plain = item.to_dict()
        picked = {field.name: field.find(plain) for field in self._fields}
        return safe_json(msgspec.json.encode(picked))


class NdjsonWriter(_JsonWriter):
    """A JSON object on a line of its own for each item."""

    def add(self, item: Model) -> None:
        """Write an item."""
        self._out.write(self._text(item) + "\n")


class ArrayWriter(_JsonWriter):
    """A JSON array, an item on each line."""

    _before = "[\n"

    def add(self, item: Model) -> None:
        """Write an item."""
        self._out.write(self._before + self._text(item))
        self._before = ",\n"

    def end(self) -> None:
        """Close the array."""
        self._out.write("[]\n" if self._before == "[\n" else "\n]\n")


class ObjectWriter(_JsonWriter):
    """A JSON object, indented."""

    def add(self, item: Model) -> None:
        """Write the item."""
        self._out.write(msgspec.json.format(self._text(item), indent=2) + "\n")


class RowWriter(Writer):
    """Writes the values of fields."""

    def __init__(self, fields: Sequence[Field]) -> None:
        """Take what to write of each item."""
        self._fields = fields

    def _row(self, item: Model) -> list[Any]:
        plain = item.to_dict()
        return [field.find(plain) for field in self._fields]


class CsvWriter(RowWriter):
    """A header, then a row for each item, with a column for each field of its objects.

    Lists of texts are joined, other lists are JSON. Texts are not changed, even those that a
    spreadsheet would take for formulas.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        """Write the header."""
        super().__init__(leaves_of(fields))
        self._show: Callable[[str], str] = printable if sys.stdout.isatty() else str
        self._rows = csv.writer(machine_stdout(), lineterminator="\n")
        self._rows.writerow([field.name for field in self._fields])

    def add(self, item: Model) -> None:
        """Write a row."""
        self._rows.writerow([self._show(_csv_text(value)) for value in self._row(item)])


def _csv_text(value: Any) -> str:
    match value:
        case [*texts] if all(isinstance(one, str) for one in texts):
            return ", ".join(map(str, texts))
        case _:
            return as_text(value)
