"""The drawing of a timeline: an axis, lanes of bars, and where these were idle."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from currents_async._text import duration
from currents_async.analysis.bars import Bar
from currents_async.analysis.timeline import Lane, Timeline
from currents_async.reports._markup import Markup, markup, tag
from currents_async.reports._page import GREY
from currents_async.reports._time_axis import ticks
from currents_async.reports._timeline_bars import Scale, Style, draw_bar, rectangle, short
from currents_async.reports._timeline_looks import BACKGROUND, IDLE, Look, look_of, patterns

WIDTH = 1000
_LEFT, _RIGHT = 116, WIDTH - 32
"""Where time begins, to the right of the names of lanes, and where it ends."""
_TOP = 62
"""Where the lanes begin, below the key and the axis."""
_GAP = 4
"""Between lanes."""
_MACHINE_GAP = 8
"""Between machines, beyond that."""
_TALL = 600
"""Of such a drawing, the upper end is out of sight at the lower one."""
_SWATCH = "M0 0h16v11h-16z"

_STYLES = (
    (12, Style(32, 12, (17, 29), 3, has_names=True)),
    (48, Style(14, 11, (2, 12), 3)),
)
"""By the number of lanes up to which they apply."""
_MANY = Style(8, 9, (1.5, 6.5), 2)


class TimelineDrawing:
    """A drawing of some lanes of a timeline, with the bars that they have."""

    def __init__(
        self, timeline: Timeline, lanes: Sequence[Lane], title_of: Callable[[Bar, Lane], str]
    ) -> None:
        self._timeline = timeline
        started = timeline.started_at or lanes[0].bars[0].started_at
        per_millisecond = (_RIGHT - _LEFT) / max(1, timeline.duration_ms)
        self._scale = Scale(_LEFT, started, per_millisecond)
        self._ticks = [
            (short(_LEFT + tick.milliseconds * per_millisecond), tick.label)
            for tick in ticks(timeline.duration_ms)
        ]
        self._style = next((style for most, style in _STYLES if len(lanes) <= most), _MANY)
        self._title_of = title_of
        self._rows = [*self._placed(lanes)]
        self._bottom = self._rows[-1][1] + self._style.height
        self._is_tall = self._bottom > _TALL
        self.height = self._bottom + (24 if self._is_tall else 4)

    def draw(self) -> Markup:
        """Return the drawing."""
        return markup(
            patterns(),
            self._key(),
            self._grid(),
            self._idle(),
            self._names(),
            self._bars(),
            self._critical_path(),
            self._balance(),
            self._times(),
        )

    def _placed(self, lanes: Sequence[Lane]) -> Iterator[tuple[Lane, float]]:
        top = float(_TOP)
        for _, several in groupby(lanes, lambda lane: lane.machine_number):
            for lane in several:
                yield lane, top
                top += self._style.height + _GAP
            top += _MACHINE_GAP

    def _key(self) -> Markup:
        """Explain the looks of the bars that there are."""
        looks = {look_of(bar) for lane, _ in self._rows for bar in lane.bars}
        samples = [
            *((look.words, _swatch(look)) for look in sorted(looks)),
            ("idle", tag("path", d=_SWATCH, fill=IDLE)),
            ("ended last", _outlined(_SWATCH)),
        ]
        left, shown = float(_LEFT), list[Markup]()
        for words, swatch in samples:
            text = tag("text", words, x=22, y=10)
            shown.append(tag("g", swatch, text, transform=f"translate({short(left)} 2)"))
            left += 22 + 6.5 * len(words) + 18
        return tag("g", *shown)

    def _grid(self) -> Markup:
        """Draw a line down from each round time."""
        lines = (f"M{x} {_TOP - 8}V{short(self._bottom)}" for x, _ in self._ticks)
        return tag("path", d="".join(lines), stroke=GREY, stroke_opacity=0.4)

    def _times(self) -> Markup:
        """Write round times above, and below too if the drawing is tall."""
        places = (_TOP - 14, *([self._bottom + 16] if self._is_tall else []))
        return tag(
            "g",
            *(tag("text", label, x=x, y=y) for y in places for x, label in self._ticks),
            font_size=11,
            text_anchor="middle",
            paint_order="stroke",
            stroke=BACKGROUND,
            stroke_width=4,
        )

    def _idle(self) -> Markup:
        """Shade when lanes were idle, all in one shape."""
        shapes = (
            rectangle(
                left := self._scale.x(span.started_at),
                top,
                self._scale.x(span.ended_at) - left,
                self._style.height,
            )
            for lane, top in self._rows
            for span in lane.idle
        )
        return tag("path", d="".join(shapes), fill=IDLE)

    def _names(self) -> Markup:
        """Name machines beside their first lane, and the workers of Playwright beside each."""
        seen, names = set[int](), list[Markup]()
        for lane, top in self._rows:
            y = short(top + self._style.height / 2)
            if lane.machine_number not in seen:
                seen.add(lane.machine_number)
                names.append(tag("text", f"Machine {lane.machine_number}", y=y, font_size=12))
            if lane.worker is not None:
                names.append(tag("text", f"w{lane.worker}", x=_LEFT - 8, y=y, text_anchor="end"))
        return tag("g", *names, font_size=self._style.font_size, dominant_baseline="central")

    def _bars(self) -> Markup:
        bars = (
            draw_bar(bar, self._title_of(bar, lane), top, self._scale, self._style)
            for lane, top in self._rows
            for bar in lane.bars
        )
        return tag("g", *bars, fill_opacity=0.2)

    def _critical_path(self) -> Markup:
        """Outline the bars of the lane that ended last."""
        critical = self._timeline.critical_lane
        shapes = (
            rectangle(
                left := self._scale.x(bar.started_at),
                top,
                max(1, self._scale.x(bar.ended_at) - left),
                self._style.height,
            )
            for lane, top in self._rows
            if critical is not None and lane.number == critical.number
            for bar in lane.bars
        )
        return _outlined("".join(shapes))

    def _balance(self) -> Markup | None:
        """Draw a line where the run would have ended with perfect balance."""
        balanced = self._timeline.balanced_ms
        if balanced is None:
            return None
        x = _LEFT + balanced * self._scale.per_millisecond
        line = tag(
            "path",
            d=f"M{short(x)} {_TOP - 28}V{short(self._bottom)}",
            stroke="currentColor",
            stroke_dasharray="6 3",
        )
        is_right = x > (_LEFT + _RIGHT) / 2
        label = tag(
            "text",
            f"perfect balance: {duration(balanced)}",
            x=round(x - 6 if is_right else x + 6, 1),
            y=_TOP - 32,
            text_anchor="end" if is_right else None,
        )
        return tag("g", line, label)


def _swatch(look: Look) -> Markup:
    """Return a sample of what bars look like."""
    fill = "none" if look.dashes else look.texture
    return tag("path", d=_SWATCH, fill=fill, stroke=look.colour, stroke_dasharray=look.dashes)


def _outlined(shape: str) -> Markup:
    return tag("path", d=shape, fill="none", stroke="currentColor", stroke_width=2)
