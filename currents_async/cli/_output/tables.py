"""Tables for people, as wide as their terminal."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from currents_async.cli._output.columns import Column
from currents_async.cli._output.layout import NARROW, fit, line
from currents_async.cli._output.writers import Writer
from currents_async.models._model import Model

Color = Literal["auto", "always", "never"]

_ROWS = 200
"""Rows that are printed together; the first ones decide how wide columns are."""
_WIDE = 1000
"""Columns of an output that is no terminal."""
_HEIGHT = 25
_ASCII = str.maketrans("✓✗–…━╸×·›", "+x-.=-x.>")  # noqa: RUF001 - each by one that is in ASCII
_VERDICT = 8
"""Cells of most verdicts, with their signs."""


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
        self._is_wide = is_wide
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
        is_named = self._width < NARROW and column.kind in {"number", "percent"}
        title = column.title.removesuffix("s") if cell.plain == "1" else column.title
        return cell.append(f" {title}") if is_named and cell.plain else cell

    def end(self) -> None:
        """Print what is left."""
        if self._rows:
            self._print()
        elif not self._widths:
            self._console.print(Text(self._nothing, "dim"))

    def _print(self) -> None:
        if not self._widths:
            self._widths = fit(self._columns, self._rows, self._width, keep_empty=self._is_wide)
            if self._width >= NARROW:
                self._line([Text(column.title.upper(), "dim") for column in self._columns])
        for row in self._rows:
            self._line(row)
        self._rows = []

    def _line(self, cells: Sequence[Text]) -> None:
        write(self._console, line(cells, self._columns, self._widths))


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
            fact = column.fact(item)
            if fact.plain:
                card.add_row(column.title, _readable(fact, self._console))
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
        cells = [column.cell(item) for column in self._columns]
        for cell, column in zip(cells, self._columns, strict=True):
            if column.kind == "verdict":  # so that lines of different verdicts are aligned
                cell.pad_right(max(0, _VERDICT - cell.cell_len))
        write(self._console, line(cells, self._columns, fit(self._columns, [cells], self._width)))


def console(color: Color) -> Console:
    """Return a console on stdout, which is as wide as need be where it is no terminal."""
    if color == "auto" and os.environ.get("NO_COLOR"):
        color = "never"
    return Console(
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE,
        height=_HEIGHT,  # without it, a dumb terminal would be 80 columns wide
        force_terminal={"auto": None, "always": True, "never": False}[color],
        highlight=False,
    )


def write(console: Console, line: Text) -> None:
    """Print a line of its own, however long it is."""
    console.print(_readable(line, console), soft_wrap=True)


def _readable(text: Text, console: Console) -> Text:
    """Return a text in ASCII where a terminal has nothing else."""
    if console.options.ascii_only:
        text.plain = text.plain.translate(_ASCII)
    return text
