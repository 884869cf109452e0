"""What a suite reports, and how that becomes text."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A number that was promised, and what it is."""

    metric: str
    ours: float | None
    """None when something that it needs is not installed."""
    reach: float
    better: Literal["less", "more"]
    unit: str

    @property
    def verdict(self) -> str:
        """`ok`, `short`, or `-` for what could not be measured."""
        if self.ours is None:
            return "-"
        close = self.ours <= self.reach if self.better == "less" else self.ours >= self.reach
        return "ok" if close else "short"


def at_most(metric: str, ours: float | None, bound: float, unit: str = "") -> Reach:
    """Return a promise not to be above a bound."""
    return Reach(metric=metric, ours=ours, reach=bound, better="less", unit=unit)


def at_least(metric: str, ours: float | None, bound: float, unit: str = "") -> Reach:
    """Return a promise not to be below a bound."""
    return Reach(metric=metric, ours=ours, reach=bound, better="more", unit=unit)


class Table(msgspec.Struct, frozen=True):
    """Rows under a heading; the first column is text, the others are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Bar(msgspec.Struct, frozen=True):
    """A row of the chart."""

    label: str
    value: float
    ours: bool


class Chart(msgspec.Struct, frozen=True):
    """What the SVG shows."""

    title: str
    unit: str
    bars: Sequence[Bar]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a suite found out."""

    tables: Sequence[Table]
    reach: Sequence[Reach]
    missing: dict[str, str]
    """Contenders that did not take part, and why."""
    packages: Sequence[str]
    """The distributions whose versions matter."""
    measured: dict[str, Any]
    """For `--json`; medians and the rounds behind them."""
    notes: Sequence[str] = ()
    chart: Chart | None = None

    def render(self) -> str:
        """Return the whole as plain text."""
        parts = [render(table) for table in (*self.tables, _reach_table(self.reach)) if table.rows]
        parts += [f"not measured: {name}: {reason}" for name, reason in self.missing.items()]
        parts += [f"note: {note}" for note in self.notes]
        return "\n\n".join(parts) + "\n"


def number(value: float | None, digits: int = 1, unit: str = "") -> str:
    """Format a number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def render(table: Table) -> str:
    """Return a table as aligned text."""
    lines = [table.columns, *table.rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.columns))]
    head, *rows = (_line(line, widths) for line in lines)
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([table.title, "", head, rule, *rows])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "  ".join(padded).rstrip()


def _reach_table(rows: Sequence[Reach]) -> Table:
    signs = {"less": "<=", "more": ">="}
    return Table(
        "Reach",
        ("metric", "ours", "reach", ""),
        [
            (
                row.metric,
                number(row.ours, 2, row.unit),
                f"{signs[row.better]} {row.reach:g}{row.unit}",
                row.verdict,
            )
            for row in rows
        ],
    )
