"""Tables for people."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from currents_async.cli._output.fields import Field, as_text
from currents_async.cli._output.writers import RowWriter
from currents_async.cli._streams import one_line
from currents_async.models._model import Model

Color = Literal["auto", "always", "never"]

_ROWS = 200
"""Rows that are printed together, and that decide how wide columns are."""
_WIDE = 1000
"""Columns of an output that is no terminal."""


class TableWriter(RowWriter):
    """Tables, one below the other where there are many items."""

    def __init__(self, fields: Sequence[Field], *, color: Color) -> None:
        """Take the columns."""
        super().__init__(fields)
        self._console = console(color)
        self._rows: list[list[Any]] = []
        self._is_first = True

    def add(self, item: Model) -> None:
        """Add a row."""
        self._rows.append(self._row(item))
        if len(self._rows) == _ROWS:
            self._print()

    def end(self) -> None:
        """Print what is left."""
        if self._rows or self._is_first:
            self._print()

    def _print(self) -> None:
        table = Table()
        for index, field in enumerate(self._fields):
            is_number = all(isinstance(row[index], int | float | None) for row in self._rows)
            table.add_column(
                Text(field.name),
                justify="right" if is_number else "left",
                overflow="fold",
                no_wrap=index == 0,  # usually the ID, which people copy as a whole
            )
        for row in self._rows:
            table.add_row(*(Text(_plain(value)) for value in row))
        self._console.print(table)
        self._rows, self._is_first = [], False


class CardWriter(RowWriter):
    """One item: a row for each of its fields."""

    def __init__(self, fields: Sequence[Field], *, color: Color) -> None:
        """Take the fields."""
        super().__init__(fields)
        self._console = console(color)

    def add(self, item: Model) -> None:
        """Print the item."""
        table = Table(show_header=False)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for field, value in zip(self._fields, self._row(item), strict=True):
            table.add_row(Text(field.name), Text(_plain(value)))
        self._console.print(table)


class LinksWriter(RowWriter):
    """One item: a line for each of its fields, in which links can be copied as a whole."""

    def add(self, item: Model) -> None:
        """Print the item."""
        for field, value in zip(self._fields, self._row(item), strict=True):
            sys.stdout.write(f"{field.name}: {_plain(value)}\n")


class LineWriter(RowWriter):
    """A line for each item, as soon as it comes."""

    def add(self, item: Model) -> None:
        """Print an item."""
        cells = map(_plain, self._row(item))
        sys.stdout.write("  ".join(cell for cell in cells if cell) + "\n")


def console(color: Color) -> Console:
    """Return a console on stdout, which is as wide as need be where it is no terminal."""
    if color == "auto" and os.environ.get("NO_COLOR"):
        color = "never"
    return Console(
        width=None if sys.stdout.isatty() else _WIDE,
        force_terminal={"auto": None, "always": True, "never": False}[color],
        highlight=False,
    )


def _plain(value: Any) -> str:
    match value:
        case [*texts] if all(isinstance(one, str) for one in texts):
            return one_line(", ".join(texts))
        case float() if abs(value) < 1:
            return f"{value:.4g}"
        case float():
            return f"{value:,.1f}"
        case _:
            return one_line(as_text(value))
