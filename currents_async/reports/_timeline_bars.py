"""The bars of a timeline's drawing, in which attempts are."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from currents_async._text import file_name
from currents_async.analysis.bars import Bar, rows_of
from currents_async.reports._markup import Markup, tag
from currents_async.reports._timeline_looks import Look, look_of, look_of_attempt
from currents_async.reports._verdict import sign_of

_MIN_WIDTH = 1.0
"""Of a bar, and of an attempt that is drawn at all."""
_HAIR = 0.5
"""What separates attempts that follow on each other."""
_NARROW = 1.5
"""An attempt that is not as wide as this merges with the one before."""
_CHARACTER = 6.8
"""About how wide a character is."""
_MIN_NAME = 6
"""Characters for which there is room; of a bar with less, only the sign is shown."""


class Style(NamedTuple):
    """How large lanes and bars are."""

    height: float
    font_size: float
    strip: tuple[float, float]
    """From where to where attempts are, below the upper edge of a bar."""
    max_rows: int
    """Of attempts that overlap."""
    has_names: bool = False


class Scale(NamedTuple):
    """Where moments are."""

    left: float
    started: datetime
    per_millisecond: float

    def x(self, when: datetime) -> float:
        """Return where a moment is."""
        return self.left + (when - self.started) / timedelta(milliseconds=1) * self.per_millisecond


class _Mark(NamedTuple):
    """Where an attempt is, or several in a row that look the same, relative to their bar."""

    look: Look
    row: int
    left: float
    right: float

    @property
    def width(self) -> float:
        return self.right - self.left


def draw_bar(bar: Bar, title: str, top: float, scale: Scale, style: Style) -> Markup:
    """Return a bar: a frame with the name of the spec file, and a strip of attempts."""
    left, look = scale.x(bar.started_at), look_of(bar)
    width = max(_MIN_WIDTH, scale.x(bar.ended_at) - left)
    return tag(
        "g",
        tag("title", title),
        tag(
            "path",
            d=rectangle(0, 0, width, style.height),
            fill=look.texture,
            stroke=look.colour,
            stroke_dasharray=look.dashes,
        ),
        *_strip(bar, left, width, scale, style),
        _name(bar, width) if style.has_names else None,
        class_="bar",
        transform=f"translate({short(left)} {short(top)})",
    )


def _strip(bar: Bar, left: float, width: float, scale: Scale, style: Style) -> Iterator[Markup]:
    """Yield a thick line for the attempts of each look; of a bar that has none, one for all."""
    marks = [*_merged(_marks(bar, left, width, scale))] or [_Mark(look_of(bar), 0, 0, width)]
    upper, lower = style.strip
    rows = min(style.max_rows, 1 + max(mark.row for mark in marks))
    height = (lower - upper) / rows
    for look, several in groupby(sorted(marks), lambda mark: mark.look):
        lines = (
            f"M{short(mark.left)} {short(upper + (mark.row % rows + 0.5) * height)}"
            f"h{short(max(_HAIR, mark.width - _HAIR))}"
            for mark in several
        )
        yield tag(
            "path",
            d="".join(lines),
            stroke=look.texture,
            stroke_width=1 if look.dashes else round(height - (rows > 1) * _HAIR, 1),
            stroke_dasharray=look.dashes,
        )


def _marks(bar: Bar, left: float, width: float, scale: Scale) -> Iterator[_Mark]:
    """Yield the attempts that took time, those that overlap in different rows."""
    for number, row in enumerate(rows_of(bar.attempts)):
        for one in row:
            begun, ended = scale.x(one.started_at) - left, scale.x(one.ended_at) - left
            if begun < width and ended > max(0, begun):
                yield _Mark(look_of_attempt(one.state), number, max(0, begun), min(width, ended))


def _merged(marks: Iterable[_Mark]) -> Iterator[_Mark]:
    """Merge attempts that are too narrow to be seen apart."""
    last: _Mark | None = None
    for mark in marks:
        if last is not None and _is_part_of(mark, last):
            last = last._replace(right=max(mark.right, last.right))
            continue
        if last is not None:
            yield last
        last = mark
    if last is not None:
        yield last


def _is_part_of(mark: _Mark, last: _Mark) -> bool:
    is_narrow = min(mark.width, last.width) < _NARROW
    is_near = mark.left - last.right < _HAIR
    return is_narrow and is_near and (mark.look, mark.row) == (last.look, last.row)


def _name(bar: Bar, width: float) -> Markup | None:
    """Return the sign of a bar and the name of its file, as far as they fit."""
    room = int((width - 6) / _CHARACTER)
    if room < 1:
        return None
    sign = sign_of(bar.state, is_flaky=bar.is_flaky, is_running=bar.is_running)
    name = file_name(bar.spec.spec)
    words = f"{sign} {name}" if room > _MIN_NAME else sign
    shown = words if len(words) <= room else f"{words[: room - 1]}…"
    # What is wider than it should be, as are Chinese names, is cut at the edge of the inner image.
    text = tag("text", shown, x=4, y=13, fill_opacity=1)
    return tag("svg", text, width=round(width, 1), height=18)


def rectangle(left: float, top: float, width: float, height: float) -> str:
    """Return a rectangle as part of a path."""
    return f"M{short(left)} {short(top)}h{short(width)}v{short(height)}h-{short(width)}z"


def short(number: float) -> str:
    """Return a number as it is written in drawings."""
    return f"{number:.1f}".removesuffix(".0")
