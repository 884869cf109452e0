"""CSV (RFC 4180), with a header."""

import csv
import sys
from collections.abc import Callable, Sequence

from currents_async.cli._output.fields import Field, as_text
from currents_async.cli._streams import machine_stdout
from currents_async.cli._text import printable
from currents_async.models._model import Model


class CsvWriter:
    """A row for each item; objects and lists inside items are JSON.

    Texts are not changed, also those that a spreadsheet would take for formulas.
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

    def end(self) -> None:
        """Do nothing: all is written."""
