"""The timeline of a run as a figure, with the facts behind it in tables."""

from collections.abc import Iterator, Sequence
from heapq import nlargest

from msgspec.structs import replace

from currents_async._text import counted, duration, in_utc, one_line
from currents_async.analysis.bars import Bar, Span
from currents_async.analysis.timeline import Lane, Timeline
from currents_async.reports._markup import Content, Markup, foreign, markup, tag
from currents_async.reports._page import Column, Row, figure, folded, link, moment, table
from currents_async.reports._timeline_drawing import WIDTH, TimelineDrawing
from currents_async.reports._timeline_looks import look_of

MAX_LANES = 200
"""How many lanes are shown: those that ended last."""
MAX_BARS = 600
"""How many bars are shown: the longest ones."""
_MAX_SPEC = 120
"""Characters of a path."""
_LATE = 0.1
"""The share of a run after which a worker that begins is late."""


def timeline_figure(timeline: Timeline) -> Markup:
    """Return the drawing of a timeline, what it shows in words, and two tables behind it."""
    lanes = _shown_lanes(timeline)
    if not lanes:
        nothing = "No spec file has a start: there is no timeline."
        return markup(*(tag("p", one) for one in (nothing, *_left_out(timeline, []))))
    drawing = TimelineDrawing(timeline, lanes, _title)
    words = (tag("p", sentence) for sentence in _sentences(timeline, lanes))
    return markup(
        figure("Timeline", drawing.draw(), [*words], width=WIDTH, height=drawing.height),
        folded("Timeline as a table of workers", _lanes_table(timeline, lanes)),
        folded("Timeline as a table of spec files", _bars_table(lanes)),
    )


def _shown_lanes(timeline: Timeline) -> list[Lane]:
    """Return the lanes that ended last, with their longest bars, in the order of the timeline."""
    lanes = nlargest(MAX_LANES, timeline.lanes, key=lambda lane: lane.bars[-1].ended_at)
    bars = [
        (bar.duration_ms, lane.number, place)
        for lane in lanes
        for place, bar in enumerate(lane.bars)
    ]
    shown = {(number, place) for _, number, place in nlargest(MAX_BARS, bars)}
    return [
        replace(
            lane,
            bars=tuple(bar for place, bar in enumerate(lane.bars) if (lane.number, place) in shown),
        )
        for lane in sorted(lanes, key=lambda lane: lane.number)
    ]


def _title(bar: Bar, lane: Lane) -> str:
    parts = (
        look_of(bar).words,
        duration(bar.duration_ms),
        f"from {in_utc(bar.started_at):%H:%M:%S} UTC",
        lane.name,
        _retries(bar),
    )
    group = f" ({one_line(bar.spec.group_id, _MAX_SPEC)})" if bar.spec.group_id else ""
    return f"{one_line(bar.spec.spec, _MAX_SPEC)}{group}: {', '.join(filter(None, parts))}"


def _sentences(timeline: Timeline, lanes: Sequence[Lane]) -> Iterator[Content]:
    machines = len({lane.machine_number for lane in timeline.lanes})
    yield markup(
        f"{counted(len(timeline.bars), 'spec file')} on {counted(machines, 'machine')}, "
        f"{counted(len(timeline.lanes), 'lane')}: {duration(timeline.duration_ms)}, from ",
        moment(timeline.started_at),
        " to ",
        moment(timeline.ended_at),
        ".",
    )
    yield _what_held_it_up(timeline)
    yield _balance(timeline)
    yield from _left_out(timeline, lanes)


def _what_held_it_up(timeline: Timeline) -> Content:
    lane, slowest = timeline.critical_lane, timeline.slowest
    if lane is None or slowest is None or timeline.started_at is None:
        return None
    began = Span(started_at=timeline.started_at, ended_at=lane.bars[0].started_at).duration_ms
    is_late = began > _LATE * timeline.duration_ms
    return markup(
        f"{lane.name} ended last",
        f" and began only after {duration(began)}" if is_late else None,
        ": its slowest spec file took ",
        f"{duration(slowest.duration_ms)}, ",
        foreign(slowest.spec.spec, _MAX_SPEC),
        ".",
    )


def _balance(timeline: Timeline) -> Content:
    if timeline.balanced_ms is None:
        running = sum(bar.is_running for bar in timeline.bars)
        return f"Still running: {counted(running, 'spec file')}."
    best, actual = duration(timeline.balanced_ms), duration(timeline.duration_ms)
    if best == actual:
        return "No other balance would have been faster."
    return markup("With perfect balance: ", tag("b", best), f" instead of {actual}.")


def _left_out(timeline: Timeline, lanes: Sequence[Lane]) -> Iterator[str]:
    if timeline.unplaced:
        yield f"Without a start, and not shown: {counted(len(timeline.unplaced), 'spec file')}."
    if not lanes:
        return
    hidden = len(timeline.lanes) - len(lanes)
    if hidden:
        yield f"Not shown: {counted(hidden, 'lane')} that ended earlier."
    listed = {lane.number for lane in lanes}
    bars = sum(len(lane.bars) for lane in timeline.lanes if lane.number in listed)
    shorter = bars - sum(len(lane.bars) for lane in lanes)
    if shorter:
        yield f"Not shown: {counted(shorter, 'shorter spec file')}."


def _lanes_table(timeline: Timeline, lanes: Sequence[Lane]) -> Markup:
    whole = {lane.number: lane for lane in timeline.lanes}
    return table(
        "Workers",
        ["Worker", *(Column(name, "right") for name in ("Spec files", "Busy", "Idle"))],
        (_lane_row(whole[lane.number], timeline) for lane in lanes),
    )


def _lane_row(lane: Lane, timeline: Timeline) -> Row:
    share = lane.busy_ms / max(1, timeline.duration_ms)
    return [
        markup(
            lane.name, _detail(foreign(lane.machine_id, _MAX_SPEC)) if lane.machine_id else None
        ),
        f"{len(lane.bars):,}",
        f"{duration(lane.busy_ms)} ({share:.0%})",
        duration(lane.idle_ms),
    ]


def _bars_table(lanes: Sequence[Lane]) -> Markup:
    bars = [(bar, lane) for lane in lanes for bar in lane.bars]
    bars.sort(key=lambda one: one[0].duration_ms, reverse=True)
    return table(
        "Spec files, the slowest first",
        ["Spec file", "Result", Column("Took", "right")],
        (_bar_row(bar, lane) for bar, lane in bars),
    )


def _bar_row(bar: Bar, lane: Lane) -> Row:
    retries = _retries(bar)
    return [
        markup(
            link(bar.spec.url, foreign(bar.spec.spec, _MAX_SPEC)),
            _detail(
                (foreign(bar.spec.group_id, _MAX_SPEC), ", ") if bar.spec.group_id else None,
                f"{lane.name}, from {in_utc(bar.started_at):%H:%M:%S} UTC",
                f", {retries}" if retries else None,
            ),
        ),
        look_of(bar).words,
        duration(bar.duration_ms),
    ]


def _detail(*content: Content) -> Markup:
    """Return what stands in small letters below the heading of a row."""
    return markup(tag("br"), tag("small", *content))


def _retries(bar: Bar) -> str:
    number = sum(one.number > 0 for one in bar.attempts)
    return counted(number, "retry", "retries") if number else ""
