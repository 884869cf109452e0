"""The timeline of a run in the language of Mermaid, which GitHub draws."""

from collections.abc import Iterator
from typing import NamedTuple

from currents_async._text import file_name
from currents_async.analysis.bars import Bar
from currents_async.analysis.timeline import Lane, Timeline
from currents_async.models.common import Outcome
from currents_async.reports._fitting import Size
from currents_async.reports._verdict import sign_of

MAX_BARS = 200
"""Bars of a chart: more of them would be too small to be seen."""
MAX_GANTT = 50_000
"""Characters of a chart, unless the page says otherwise; above it there is an error instead.

Source: https://mermaid.js.org/config/schema-docs/config-properties-maxtextsize.html. The other
limit, `maxEdges`, is one of flow charts.
"""
_LABELS = 100
"""Characters of labels that fit beside each other in the width of a chart."""
_SIGN = 3
"""Characters of a label beside the name."""
_PLAIN = frozenset(" _./-,()[]+=*!?$^")

_HEAD = """\
---
displayMode: compact
config:
  gantt:
    leftPadding: 140
---
gantt
    dateFormat x
    axisFormat %H:%M:%S
    todayMarker off
"""


class Gantt(NamedTuple):
    """A chart."""

    text: str
    """Empty if no spec file has a start, or if not even one bar fits."""
    missing: int
    """How many bars it lacks, the shortest of all."""


def mermaid_gantt(timeline: Timeline, *, room: int = MAX_GANTT, size: Size = len) -> Gantt:
    """Return a chart of the lanes of a run, with as many bars as there is room for."""
    bars = sorted(timeline.bars, key=lambda bar: -bar.duration_ms)
    shown = min(len(bars), MAX_BARS)
    while shown > 0:
        chart = _chart(timeline, {id(bar) for bar in bars[:shown]})
        if size(chart) <= room and len(chart) <= MAX_GANTT:
            return Gantt(chart, len(bars) - shown)
        shown = min(shown - 1, shown * room // size(chart))
    return Gantt("", len(bars))


def _chart(timeline: Timeline, shown: set[int]) -> str:
    lanes = (_section(lane, timeline.duration_ms, shown) for lane in timeline.lanes)
    return _HEAD + "".join(line for lines in lanes for line in lines)


def _section(lane: Lane, duration_ms: int, shown: set[int]) -> Iterator[str]:
    bars = [bar for bar in lane.bars if id(bar) in shown]
    if bars:
        yield f"    section {lane.name}\n"
    for bar in bars:
        yield _task(bar, duration_ms)


def _task(bar: Bar, duration_ms: int) -> str:
    """Return a bar with as much of its name as fits into it."""
    room = _LABELS * bar.duration_ms // max(duration_ms, 1) - _SIGN
    sign = sign_of(bar.state, is_flaky=bar.is_flaky, is_running=bar.is_running)
    label = f"{sign} {_escaped(file_name(bar.spec.spec), room)}".rstrip()
    started, ended = (round(when.timestamp() * 1000) for when in (bar.started_at, bar.ended_at))
    return f"    {label} :{_tag(bar)}, {started}, {max(ended, started + 1)}\n"


def _tag(bar: Bar) -> str:
    if bar.state == Outcome.FAILED:
        return "crit"
    return "active" if bar.is_running or bar.is_flaky else "done"


def _escaped(text: str, room: int) -> str:
    """Return the beginning of a text in which nothing has a meaning: Mermaid has codes for that.

    It finds the place of a label while these are codes still, and longer by three characters.

    Source: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters.
    """
    shown = ""
    for letter in text:
        code = "" if _is_plain(letter) else f"#{ord(letter)};"
        room -= len(code) + 3 if code else 1
        if room < 0:
            break
        shown += code or letter
    return shown


def _is_plain(letter: str) -> bool:
    """Return whether a character means itself, and counts once (Mermaid counts in UTF-16)."""
    return letter in _PLAIN or (letter.isalnum() and letter <= "\uffff")
