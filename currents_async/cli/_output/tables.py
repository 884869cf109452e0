"""Tables for people, as wide as their terminal."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from currents_async.cli._output.columns import Column
from currents_async.cli._output.layout import fit, line
from currents_async.cli._output.writers import Writer
from currents_async.models._model import Model

Color = Literal["auto", "always", "never"]

_ROWS = 200
"""Rows that are printed together; the first ones decide how wide columns are."""
_WIDE = 1000
"""Columns of an output that is no terminal."""
_NARROW = 60
"""Columns of a terminal below which rows stand without their headings."""


class TableWriter(Writer):
    """A table: a heading, and a line for each item."""

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        *,
        color: Color,
        is_wide: bool = False,
        nothing: str = "nothing found",
    ) -> None:
        """Take the columns, and what an empty table says; a wide table cuts and drops nothing."""
        self._columns = columns
        self._nothing = nothing
        self._console = console(color)
        self._width = _WIDE if is_wide else self._console.width
        self._rows: list[list[Text]] = []
        self._widths: list[int | None] = []

    def add(self, item: Model) -> None:
        """Add a row."""
        self._rows.append([self._cell(column, item) for column in self._columns])
        if len(self._rows) == _ROWS:
            self._print()

    def _cell(self, column: Column[Any], item: Model) -> Text:
        cell = column.cell(item)
        # Without a heading, a number needs its name.
        is_named = self._width < _NARROW and column.kind in {"number", "percent"}
        return cell.append(f" {column.title}") if is_named and cell.plain else cell

    def end(self) -> None:
        """Print what is left."""
        if self._rows:
            self._print()
        elif not self._widths:
            self._console.print(Text(self._nothing, "dim"))

    def _print(self) -> None:
        if not self._widths:
            self._widths = fit(self._columns, self._rows, self._width)
            if self._width >= _NARROW:
                self._line([Text(column.title.upper(), "dim") for column in self._columns])
        for row in self._rows:
            self._line(row)
        self._rows = []

    def _line(self, cells: Sequence[Text]) -> None:
        shown = line(cells, self._columns, self._widths)
        self._console.print(shown, soft_wrap=True)


class CardWriter(Writer):
    """One item: a line for each of its columns that has a value."""

    def __init__(self, columns: Sequence[Column[Any]], *, color: Color) -> None:
        """Take the columns."""
        self._columns = columns
        self._console = console(color)

    def add(self, item: Model) -> None:
        """Print the item."""
        card = Table.grid(padding=(0, 2))
        card.add_column(style="bold", no_wrap=True)
        card.add_column(overflow="fold")
        for column in self._columns:
            cell = column.cell(item)
            if cell.plain:
                card.add_row(column.title, cell)
        self._console.print(card)


class LinksWriter(Writer):
    """One item: a line for each of its columns, in which links can be copied as a whole."""

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        """Take the columns."""
        self._columns = columns

    def add(self, item: Model) -> None:
        """Print the item."""
        for column in self._columns:
            sys.stdout.write(f"{column.title}: {column.cell(item).plain}\n")


class LineWriter(Writer):
    """A line for each item, as soon as it comes."""

    def __init__(
        self, columns: Sequence[Column[Any]], *, color: Color, is_wide: bool = False
    ) -> None:
        """Take the columns; a wide line cuts and drops nothing."""
        self._columns = columns
        self._console = console(color)
        self._width = _WIDE if is_wide else self._console.width

    def add(self, item: Model) -> None:
        """Print an item."""
        pairs = [(column, column.cell(item)) for column in self._columns]
        columns, cells = zip(*((one, cell) for one, cell in pairs if cell.plain), strict=True)
        shown = line(cells, columns, fit(columns, [cells], self._width))
        self._console.print(shown, soft_wrap=True)


def console(color: Color) -> Console:
    """Return a console on stdout, which is as wide as need be where it is no terminal."""
    if color == "auto" and os.environ.get("NO_COLOR"):
        color = "never"
    return Console(
        width=None if sys.stdout.isatty() else _WIDE,
        force_terminal={"auto": None, "always": True, "never": False}[color],
        highlight=False,
    )
