"""What tables show people: words in place of the wire's names, ages, lengths of time, signs."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

from msgspec import inspect
from rich.filesize import decimal
from rich.text import Text

from currents_async._text import duration
from currents_async.cli._output.fields import Field, alternatives, as_text, fields_of
from currents_async.cli._streams import one_line
from currents_async.models._model import Model, OpenEnum
from currents_async.models.common import Outcome
from currents_async.models.runs import CompletionState, RunStatus

Kind = Literal[
    "raw", "text", "path", "id", "verdict", "age", "day", "duration", "seconds", "number", "size",
    "percent",
]  # fmt: skip

_VERDICTS: dict[str, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "failing": ("✗", "red"),
    "flaky": ("~", "yellow"),
    "running": ("…", "cyan"),
    "pending": ("–", "dim"),  # noqa: RUF001
    "skipped": ("–", "dim"),  # noqa: RUF001
    "cancelled": ("–", "dim"),  # noqa: RUF001
    "timed out": ("✗", "red"),
    "broke": ("✗", "red"),
    "became flaky": ("~", "yellow"),
    "recovered": ("✓", "green"),
}
"""The sign and the style of a verdict: never a colour alone."""
_OTHER_WORDS = {"canceled": "cancelled", "timeout": "timed out"}
_JUDGED = (RunStatus, Outcome, CompletionState)
_KINDS_BY_NAME: dict[str, Kind] = {
    "spec": "path",
    "path": "path",
    "signature": "id",
    "date": "day",
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SHRINKING: dict[Kind, int] = {"text": 20, "path": 22}
"""The kinds of columns that may be cut, and to how many cells; an ID is copied as a whole."""
_LESS = 2
"""How many cells less a narrow terminal may leave: an ID fits beside a text then."""
_LATER = 3
"""The rank from which on an ID is not what a row is about."""
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
"""Seconds of each unit of an age."""


ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Column(Generic[ItemT]):
    """A column of a table for people."""

    title: str
    value: Callable[[ItemT], object]
    """Returns what to show of an item."""
    kind: Kind = "text"
    rank: int = 0
    """Where there is no room, columns of the highest rank are dropped first, the last one first."""

    @property
    def is_right_aligned(self) -> bool:
        """Whether numbers stand below each other."""
        return self.kind in {"duration", "seconds", "number", "size", "percent"}

    @property
    def is_spare(self) -> bool:
        """Whether it has to make room before texts become hard to read: an ID for later."""
        return self.kind == "id" and self.rank >= _LATER

    def least(self, *, is_narrow: bool) -> int | None:
        """Return to how many cells it may be cut; None if it must be shown as a whole."""
        least = _SHRINKING.get(self.kind)
        return least - _LESS if least and is_narrow else least

    def cell(self, item: ItemT) -> Text:
        """Return what stands in a row."""
        return _shown(self.value(item), self.kind)

    def fact(self, item: ItemT) -> Text:
        """Return what stands on a card, which has room for the time of a moment too."""
        cell, value = self.cell(item), self.value(item)
        when = _moment(value) if self.kind == "age" and value is not None else None
        return Text.assemble(local_time(when), (f", {cell.plain}", "dim")) if when else cell


def columns_of(model: type[Model], text: str) -> list[Column[Model]]:
    """Return columns for fields, written as `name` or `name as title`, with commas in between.

    Each is shown as what its type and its name say it is. Where there is no room, the last ones are
    dropped first.
    """
    named = [part.strip().partition(" as ") for part in text.split(",")]
    fields = fields_of(model, ",".join(name for name, _, _ in named))
    return [
        Column(title or _title(field.name), _finder(field), _kind(field), rank)
        for rank, (field, (_, _, title)) in enumerate(zip(fields, named, strict=True))
    ]


def raw_columns_of(fields: Sequence[Field]) -> list[Column[Model]]:
    """Return columns for fields that were asked for, each under that name and with its value."""
    return [Column(field.name, _finder(field), "raw") for field in fields]


def _finder(field: Field) -> Callable[[Model], object]:
    return lambda item: field.find(item.to_dict())


def _title(name: str) -> str:
    last = [step for step in name.split(".") if not step.isdecimal()][-1]
    words = _HUMP.sub(" ", last).replace("_", " ").lower()
    return words.removesuffix(" at").removesuffix(" ms")


def _kind(field: Field) -> Kind:
    last = field.path[-1] if field.path else field.name
    for one in alternatives(field.kind):
        if (kind := _kind_of(one, last.lower())) is not None:
            return kind
    return _KINDS_BY_NAME.get(last, "id" if last.endswith("Id") else "text")


def _kind_of(kind: inspect.Type, name: str) -> Kind | None:
    match kind:
        case inspect.DateTimeType():
            return "age"
        case inspect.IntType() | inspect.FloatType():
            return _kind_of_number(kind, name)
        case inspect.EnumType(cls=cls) | inspect.CustomType(cls=cls) if cls in _JUDGED:
            return "verdict"
        case _:
            return None


def _kind_of_number(kind: inspect.Type, name: str) -> Kind:
    if name.endswith("seconds"):
        return "seconds"
    if "duration" in name:
        return "duration"
    if name == "size" or name.endswith("bytes"):
        return "size"
    return "percent" if isinstance(kind, inspect.FloatType) and "rate" in name else "number"


def _shown(value: Any, kind: Kind) -> Text:
    show = _SHOW.get(kind)
    match value:
        case None:
            return Text("")
        case [*values] if show is not None:
            return Text(", ").join(_shown(one, kind) for one in values)
        case _:
            return Text(plain(value)) if show is None else show(value)


def verdict(word: str) -> Text:
    """Return a verdict with its sign, in its colour."""
    word = _words(word)
    sign, style = _VERDICTS.get(word, ("·", ""))
    return Text(f"{sign} {word}", style)


def _words(constant: str) -> str:
    """Return a word of the wire as people write it: `IN_PROGRESS` is `in progress`."""
    word = one_line(constant).lower().replace("_", " ")
    return _OTHER_WORDS.get(word, word)


def local_time(when: datetime) -> str:
    """Return a moment in the time zone of this computer: `2026-01-05 13:30 CET`."""
    return f"{when.astimezone():%Y-%m-%d %H:%M %Z}"


def age(moment: str | datetime, *, now: datetime | None = None) -> str:
    """Return how long ago a moment was: `3 h ago`, or how long it is until then: `in 3 h`."""
    when = _moment(moment)
    if when is None:
        return one_line(str(moment))
    seconds = ((now or datetime.now(UTC)) - when.astimezone(UTC)).total_seconds()
    for size, unit in _AGES:
        if abs(seconds) >= size:
            number = f"{abs(seconds) // size:.0f} {unit}"
            return f"{number} ago" if seconds > 0 else f"in {number}"
    return "now"


def _moment(moment: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        return None


def day(moment: str) -> str:
    """Return the day that a moment begins, or the minute if it is within a day."""
    date, _, time = one_line(moment).partition("T")
    return date if time.startswith("00:00") else f"{date} {time[:5]}"


def _length(milliseconds: float) -> str:
    """Return a length of time; nothing for that of what never ran."""
    return duration(milliseconds, short=True) if milliseconds else ""


def number(value: Any) -> str:
    """Return a number with commas between thousands; a fraction with one digit, or few."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if abs(value) < 1 else f"{value:,.1f}"


_SHOW: dict[Kind, Callable[[Any], Text]] = {
    "raw": lambda value: Text(one_line(as_text(value))),
    "verdict": verdict,
    "day": lambda text: Text(day(text)),
    "age": lambda moment: Text(age(moment), "dim"),
    "duration": lambda milliseconds: Text(_length(milliseconds)),
    "seconds": lambda seconds: Text(_length(seconds * 1000)),
    "percent": lambda rate: Text(f"{rate:.1%}"),
    "number": lambda value: Text(number(value)),
    "size": lambda value: Text(decimal(int(value))),
}


def plain(value: Any) -> str:
    """Return any value in one line, without what may drive a terminal."""
    match value:
        case bool():
            return "yes" if value else "no"
        case OpenEnum():
            return one_line(value)
        case [*texts] if all(isinstance(one, str) for one in texts):
            return one_line(", ".join(map(str, texts)))
        case float():
            return number(value)
        case {**members}:
            return ", ".join(
                f"{one_line(str(name))}: {plain(one)}" for name, one in members.items()
            )
        case _:
            return one_line(as_text(value))
