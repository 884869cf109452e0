"""Items as text that programs read: NDJSON, JSON and CSV (RFC 4180)."""

import csv
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import msgspec

from currents_async.cli._output.fields import Field, as_text
from currents_async.cli._streams import machine_stdout, printable
from currents_async.models._model import Model

_CONTROL = re.compile("[\x7f-\x9f]")
"""Control characters that JSON may have as they are, and that drive terminals."""
_UNSEEN = re.compile(r"[^\n -~]")
"""Where characters are that cannot be seen, among others that can."""


class Writer(ABC):
    """Writes items as they come."""

    @abstractmethod
    def add(self, item: Model) -> None:
        """Write an item, at once or soon."""

    def end(self) -> None:  # noqa: B027 - most have written everything by then
        """Write what is left."""


class NdjsonWriter(Writer):
    """A JSON object on a line of its own for each item."""

    def __init__(self, fields: Sequence[Field] | None) -> None:
        """Take what to write of each item, or None for all of it."""
        self._fields = fields
        self._out = machine_stdout()

    def add(self, item: Model) -> None:
        """Write an item."""
        self._out.write(text_of(item, self._fields) + "\n")


class JsonWriter(Writer):
    """A JSON array, an item on each line."""

    def __init__(self, fields: Sequence[Field] | None) -> None:
        """Take what to write of each item, or None for all of it."""
        self._fields = fields
        self._out = machine_stdout()
        self._before = "[\n"

    def add(self, item: Model) -> None:
        """Write an item."""
        self._out.write(self._before + text_of(item, self._fields))
        self._before = ",\n"

    def end(self) -> None:
        """Close the array."""
        self._out.write("[]\n" if self._before == "[\n" else "\n]\n")


class ObjectWriter(Writer):
    """A JSON object, indented."""

    def __init__(self, fields: Sequence[Field] | None) -> None:
        """Take what to write of it, or None for all of it."""
        self._fields = fields
        self._out = machine_stdout()

    def add(self, item: Model) -> None:
        """Write the item."""
        text = msgspec.json.format(text_of(item, self._fields), indent=2)
        self._out.write(text + "\n")


class CsvWriter(Writer):
    """A header, then a row for each item; objects and lists inside items are JSON.

    Texts are not changed, even those that a spreadsheet would take for formulas.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        """Write the header."""
        self._fields = fields
        self._show: Callable[[str], str] = printable if sys.stdout.isatty() else str
        self._rows = csv.writer(machine_stdout(), lineterminator="\n")
        self._rows.writerow([field.name for field in fields])

    def add(self, item: Model) -> None:
        """Write a row."""
        plain = item.to_dict()
        self._rows.writerow([self._show(as_text(field.find(plain))) for field in self._fields])


def text_of(item: Model, fields: Sequence[Field] | None) -> str:
    """Return the JSON of an item, or of some of its fields by the names they were asked for."""
    if fields is None:
        return safe_json(item.to_json())
    plain = item.to_dict()
    return safe_json(msgspec.json.encode({field.name: field.find(plain) for field in fields}))


def safe_json(text: bytes) -> str:
    """Escape what may drive a terminal and need not stand in JSON as it is: the value is the same.

    On a terminal that includes characters that change the direction of text or cannot be seen.
    """
    pattern = _UNSEEN if sys.stdout.isatty() else _CONTROL
    return pattern.sub(_escape, text.decode(errors="replace"))


def _escape(found: re.Match[str]) -> str:
    if found[0].isprintable():
        return found[0]
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
