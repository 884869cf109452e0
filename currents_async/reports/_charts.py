"""Small charts of values by day, side by side on one scale."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import ceil, floor, log10
from typing import NamedTuple

from currents_async._text import one_line
from currents_async.reports._markup import Content, Markup, markup, tag
from currents_async.reports._page import GREY, figure

_COLUMNS = 3
_WIDTH, _HEIGHT = 320, 150
"""Of a chart, with its title and its axes."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 76, 26, 12, 24
_LEGEND = 20
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_NAME_WIDTH = _WIDTH - _LEFT - 8
_MAX_NAME = 32


class Value(NamedTuple):
    """A value of a day."""

    number: float
    words: str
    """The value as people read it."""


class Line(NamedTuple):
    """What a chart shows by one colour and one shape."""

    name: str
    colour: str
    is_dashed: bool = False


class Chart(NamedTuple):
    """A chart: for each line, a value for each day, or None on days without one."""

    title: str
    values: Sequence[Sequence[Value | None]]


class Scale(NamedTuple):
    """The vertical axis of all charts of a figure."""

    top: float
    words: Callable[[float], str]


def rounded_up(number: float) -> float:
    """Return the next number that begins with 1, 2 or 5, and has zeros after that."""
    if number <= 0:
        return 1.0
    power = 10.0 ** floor(log10(number))
    return next((step * power for step in (1, 2, 5) if number <= step * power), 10 * power)


def charts(
    name: str,
    shown: Sequence[Chart],
    *,
    days: Sequence[date],
    lines: Sequence[Line],
    scale: Scale,
    description: Content,
    has_bars: bool = False,
) -> Markup:
    """Return a figure of several charts."""
    legend = _LEGEND if len(lines) > 1 else 0
    draw = _bars if has_bars else _line
    drawing: list[Markup] = []
    for number, chart in enumerate(shown):
        row, column = divmod(number, _COLUMNS)
        values = zip(chart.values, lines, strict=True)
        drawing.append(
            tag(
                "g",
                _axes(chart.title, days, scale),
                *(draw(ones, line, days, scale.top) for ones, line in values),
                transform=f"translate({column * _WIDTH} {legend + row * _HEIGHT})",
            )
        )
    return figure(
        name,
        markup(_legend(lines) if legend else None, *drawing),
        description,
        width=_WIDTH * _COLUMNS,
        height=legend + ceil(len(shown) / _COLUMNS) * _HEIGHT,
    )


def _legend(lines: Sequence[Line]) -> Iterator[Markup]:
    for number, line in enumerate(lines):
        x = _LEFT + number * 180
        yield markup(
            tag("path", d=f"M{x} 8h24", **_stroke(line)),
            _marker(x + 12, 8, line),
            tag("text", line.name, x=x + 30, y=12),
        )


def _axes(title: str, days: Sequence[date], scale: Scale) -> Markup:
    ends = ((days[0], _LEFT, "start"), (days[-1], _WIDTH - _RIGHT, "end"))
    name = one_line(title)
    shown = name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
    text = tag("text", shown, y=12, font_weight="bold")
    return markup(
        # What is wider still, as are Chinese names, is cut at the edge of the inner image.
        tag("svg", text, x=_LEFT, y=_TOP - 22, width=_NAME_WIDTH, height=16),
        *(_gridline(share, scale) for share in (0.0, 0.5, 1.0)),
        *(
            tag("text", f"{day}", x=x, y=_HEIGHT - 8, text_anchor=anchor, font_size=11)
            for day, x, anchor in ends[: len({*days})]
        ),
    )


def _gridline(share: float, scale: Scale) -> Markup:
    y = _y(share * scale.top, scale.top)
    return markup(
        tag("path", d=f"M{_LEFT} {y:g}h{_PLOT_WIDTH}", stroke=GREY, stroke_opacity=0.5),
        tag(
            "text",
            scale.words(share * scale.top),
            x=_LEFT - 6,
            y=y + 4,
            text_anchor="end",
            font_size=11,
        ),
    )


def _line(
    values: Sequence[Value | None], line: Line, days: Sequence[date], top: float
) -> Iterator[Markup]:
    """Draw a line that is broken by days without a value."""
    path: list[str] = []
    points: list[Markup] = []
    for number, value in enumerate(values):
        if value is None:
            continue
        x, y = _x(number, len(days)), _y(value.number, top)
        is_first = number == 0 or values[number - 1] is None
        path.append(f"{'M' if is_first else 'L'}{x:.1f} {y:.1f}")
        points.append(_marker(x, y, line, f"{days[number]}: {value.words}"))
    yield tag("path", d="".join(path), **_stroke(line))
    yield from points


def _bars(
    values: Sequence[Value | None], line: Line, days: Sequence[date], top: float
) -> Iterator[Markup]:
    """Draw a bar for each day with a value, also if that is zero."""
    width = _PLOT_WIDTH / len(days)
    for number, value in enumerate(values):
        if value is not None:
            height = max(1.0, _y(0, top) - _y(value.number, top))
            yield tag(
                "rect",
                tag("title", f"{days[number]}: {value.words}"),
                x=_x(number, len(days)) - 0.4 * width,
                y=_y(0, top) - height,
                width=0.8 * width,
                height=height,
                fill=line.colour,
            )


def _marker(x: float, y: float, line: Line, words: str | None = None) -> Markup:
    title = None if words is None else tag("title", words)
    if line.is_dashed:
        return tag("rect", title, x=x - 2, y=y - 2, width=4, height=4, fill=line.colour)
    return tag("circle", title, cx=x, cy=y, r=2.5, fill=line.colour)


def _stroke(line: Line) -> dict[str, str | float | bool | None]:
    return {
        "fill": "none",
        "stroke": line.colour,
        "stroke_width": 1.5,
        "stroke_dasharray": "4 2" if line.is_dashed else None,
    }


def _x(number: int, days: int) -> float:
    return _LEFT + (number + 0.5) * _PLOT_WIDTH / days


def _y(number: float, top: float) -> float:
    return _TOP + _PLOT_HEIGHT * (1 - min(number, top) / top)
