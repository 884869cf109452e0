"""What a suite reports, and how that becomes text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec

_Item = TypeVar("_Item")


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

    def render(self) -> str:
        """Return the table as aligned text."""
        lines = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        head, *rows = (_line(line, widths) for line in lines)
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([self.title, "", head, rule, *rows])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "  ".join(padded).rstrip()


def table(
    title: str,
    items: Mapping[str, _Item],
    columns: Sequence[tuple[str, Callable[[_Item], str]]],
    first: str = "",
) -> Table:
    """Lay items out by their labels: a column is its heading, and what makes its cells."""
    headings = (first, *(heading for heading, _ in columns))
    rows = [(label, *(cell(item) for _, cell in columns)) for label, item in items.items()]
    return Table(title, headings, rows)


def number(value: float | None, digits: int = 1, unit: str = "") -> str:
    """Format a number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}{unit}"


class Part(msgspec.Struct, frozen=True):
    """What one part of a suite found out."""

    tables: Sequence[Table]
    reach: Sequence[Reach] = ()
    measured: dict[str, Any] = {}
    """For `--json`."""
    notes: Sequence[str] = ()
    chart: str = ""
    """As SVG, if there is one."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a suite found out."""

    parts: Sequence[Part]
    packages: Sequence[str]
    """The distributions whose versions matter."""
    missing: dict[str, str] = {}
    """Contenders that did not take part, and why."""

    @property
    def notes(self) -> list[str]:
        """What is to be known of the numbers."""
        return [note for part in self.parts for note in part.notes]

    @property
    def reach(self) -> list[Reach]:
        """All promises."""
        return [row for part in self.parts for row in part.reach]

    def render(self) -> str:
        """Return the whole as plain text."""
        signs = {"less": "<=", "more": ">="}
        reach = Table(
            "Reach",
            ("metric", "ours", "reach", ""),
            [
                (
                    row.metric,
                    number(row.ours, 2, row.unit),
                    f"{signs[row.better]} {row.reach:g}{row.unit}",
                    row.verdict,
                )
                for row in self.reach
            ],
        )
        tables = [*(one for part in self.parts for one in part.tables), reach]
        lines = [one.render() for one in tables if one.rows]
        lines += [f"not measured: {name}: {reason}" for name, reason in self.missing.items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n\n".join(lines) + "\n"
