"""What a suite reports, and how that becomes text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

_Item = TypeVar("_Item")


class Column(NamedTuple, Generic[_Item]):
    """What a table says of each of its items."""

    heading: str
    read: Callable[[_Item], float | str | None]
    digits: int = 1
    """Behind the point of a number."""
    unit: str = ""

    def cell(self, item: _Item) -> str:
        """Return it as text."""
        value = self.read(item)
        return value if isinstance(value, str) else number(value, self.digits, self.unit)


def number(value: float | None, digits: int = 1, unit: str = "") -> str:
    """Format a number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def table(
    title: str, items: Mapping[str, _Item], columns: Sequence[Column[_Item]], first: str = ""
) -> str:
    """Lay items out by their labels as aligned text; return nothing when there are none."""
    if not items:
        return ""
    lines = [(first, *(column.heading for column in columns))]
    lines += [(label, *(column.cell(item) for column in columns)) for label, item in items.items()]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    head, *rows = (
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in lines
    )
    return "\n".join([title, "", head, "-" * (sum(widths) + 2 * len(columns)), *rows])


class Reach(msgspec.Struct, frozen=True):
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

    @property
    def bound(self) -> str:
        """The promise as text."""
        return f"{'<=' if self.better == 'less' else '>='} {self.reach:g}{self.unit}"


def at_most(metric: str, ours: float | None, bound: float, unit: str = "") -> Reach:
    """Return a promise not to be above a bound."""
    return Reach(metric, ours, bound, "less", unit)


def at_least(metric: str, ours: float | None, bound: float, unit: str = "") -> Reach:
    """Return a promise not to be below a bound."""
    return Reach(metric, ours, bound, "more", unit)


_REACH = (
    Column[Reach]("ours", lambda row: number(row.ours, 2, row.unit)),
    Column[Reach]("reach", lambda row: row.bound),
    Column[Reach]("", lambda row: row.verdict),
)


class Part(msgspec.Struct, frozen=True):
    """What one part of a suite found out."""

    tables: Sequence[str]
    reach: Sequence[Reach] = ()
    measured: dict[str, Any] = {}
    """For `--json`."""
    notes: Sequence[str] = ()
    chart: str = ""
    """As SVG, if there is one."""


class Report(msgspec.Struct, frozen=True):
    """Everything a suite found out."""

    parts: Sequence[Part]
    packages: Sequence[str]
    """The distributions whose versions matter."""
    missing: dict[str, str] = {}
    """Contenders that did not take part, and why."""

    def all(self, field: str) -> list[Any]:
        """Return what is in a field of all parts."""
        return [one for part in self.parts for one in getattr(part, field)]

    def render(self) -> str:
        """Return the whole as plain text."""
        lines = self.all("tables")
        reach = {row.metric: row for row in self.all("reach")}
        lines.append(table("Reach", reach, _REACH, "metric"))
        lines += [f"not measured: {name}: {reason}" for name, reason in self.missing.items()]
        lines += [f"note: {note}" for note in self.all("notes")]
        return "\n\n".join(filter(None, lines)) + "\n"
