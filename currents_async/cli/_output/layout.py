"""How wide the columns of a table are: some are cut, and others dropped, where there is no room."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from currents_async.cli._output.columns import Column

_GAP = 2
_ELLIPSIS = "…"
NARROW = 60
"""Columns of a terminal below which rows stand without their headings."""
_READABLE = 36
"""Cells of a text that can be read."""


def fit(
    columns: Sequence[Column[Any]],
    rows: Sequence[Sequence[Text]],
    width: int,
    *,
    keep_empty: bool = False,
) -> list[int | None]:
    """Return the width of each column, or None where it is dropped, as one without any value is.

    Columns are cut to what they need at least, the widest first; if that is not enough, verdicts
    become signs where there are no headings, and then columns of the highest rank are dropped.
    IDs for later are dropped before texts become hard to read.
    """
    natural = [
        max([
            0 if width < NARROW else cell_len(column.title),
            *(cell_len(row[number].plain) for row in rows),
        ])
        for number, column in enumerate(columns)
    ]
    kept = [
        number
        for number, column in enumerate(columns)
        if keep_empty or column.kind == "raw" or any(row[number].plain for row in rows)
    ] or [0]

    def by_rank(number: int) -> tuple[int, int]:
        return columns[number].rank, number

    for number in sorted(kept, key=by_rank, reverse=True):
        if columns[number].is_spare and _cut(kept, natural, columns, width, _READABLE) is None:
            kept.remove(number)
    if width < NARROW and _cut(kept, natural, columns, width) is None:
        for number in kept:
            if columns[number].kind == "verdict":
                natural[number] = 1
    while (widths := _cut(kept, natural, columns, width)) is None:
        if len(kept) == 1:
            widths = [width]
            break
        kept.remove(max(kept, key=by_rank))
    found = dict(zip(kept, widths, strict=True))
    return [found.get(number) for number in range(len(columns))]


def _cut(
    kept: Sequence[int],
    natural: Sequence[int],
    columns: Sequence[Column[Any]],
    width: int,
    at_least: int = 0,
) -> list[int] | None:
    """Cut columns to fit, none below `at_least`; None if they cannot be."""
    widths = [natural[number] for number in kept]
    floors = [columns[number].least(is_narrow=width < NARROW) for number in kept]
    least = [
        size if floor is None else min(size, max(floor, at_least))
        for size, floor in zip(widths, floors, strict=True)
    ]
    room = width - _GAP * (len(kept) - 1)
    if sum(least) > room:
        return None
    # The cells that are missing are taken from the widest column, again and again; of two that are
    # about as wide, from that of the higher rank.
    while (missing := sum(widths) - room) > 0:
        slack = [size - floor for size, floor in zip(widths, least, strict=True)]
        weights = [
            (more > 0, size * (10 + columns[number].rank))
            for number, size, more in zip(kept, widths, slack, strict=True)
        ]
        widest = weights.index(max(weights))
        widths[widest] -= min(missing, max(1, slack[widest] // 2))
    return widths


def line(
    cells: Sequence[Text], columns: Sequence[Column[Any]], widths: Sequence[int | None]
) -> Text:
    """Put the cells of a row beside each other."""
    shown = Text(no_wrap=True, overflow="crop")
    kept = [one for one in zip(cells, columns, widths, strict=True) if one[2] is not None]
    for number, (cell, column, size) in enumerate(kept):
        if size is None:
            continue
        is_last = number == len(kept) - 1
        shown.append_text(_sized(cell, column, size, fill=not is_last))
        if not is_last:
            shown.append(" " * _GAP)
    return shown


def _sized(cell: Text, column: Column[Any], size: int, *, fill: bool) -> Text:
    length = cell_len(cell.plain)
    if length > size:
        return Text(_shortened(cell.plain, column, size), cell.style)
    blanks = Text(" " * (size - length))
    if column.is_right_aligned:
        return blanks.append_text(cell)
    return cell.copy().append_text(blanks) if fill else cell


def _shortened(text: str, column: Column[Any], size: int) -> str:
    """Cut a text; of a path the end is kept, which tells files apart, of a verdict its sign."""
    if size == 1:
        return text[:1]
    if column.kind != "path":
        return set_cell_size(text, size - 1).rstrip() + _ELLIPSIS
    while cell_len(text) > size - 1:
        text = text[1:]
    return _ELLIPSIS + text
