import re
from datetime import timedelta

import pytest

from currents_async.analysis.bars import Bar
from currents_async.analysis.timeline import Lane, Timeline, timeline_of
from currents_async.models import Outcome, RunSpec
from currents_async.reports._mermaid import MAX_BARS, MAX_GANTT, mermaid_gantt
from tests.analysis.made import NOON
from tests.reports.made import HOSTILE, world_details

TASK = re.compile(r" {4}([✓✗~–…][^:\n]*) :(\w+), (\d+), (\d+)")  # noqa: RUF001


def a_timeline(*names: str, minutes: int = 1, state: Outcome = Outcome.PASSED) -> Timeline:
    """Make one lane of bars that follow each other."""
    length = timedelta(minutes=minutes)
    bars = tuple(
        Bar(
            spec=RunSpec(spec=name),
            state=state,
            started_at=NOON + number * length,
            ended_at=NOON + (number + 1) * length,
        )
        for number, name in enumerate(names)
    )
    end = NOON + len(names) * length
    lane = Lane(number=1, machine_number=1, worker=0, bars=bars)
    return Timeline(started_at=NOON, ended_at=end, lanes=(lane,), critical_path=bars)


def test_the_bars_are_those_of_the_timeline() -> None:
    timeline = timeline_of(world_details())
    chart = mermaid_gantt(timeline)
    tasks = TASK.findall(chart.text)
    assert chart.missing == 0
    assert [(int(start), int(end)) for _, _, start, end in tasks] == [
        (round(bar.started_at.timestamp() * 1000), round(bar.ended_at.timestamp() * 1000))
        for bar in timeline.bars
    ]
    failed = [tag == "crit" for _, tag, _, _ in tasks]
    assert failed == [bar.state == Outcome.FAILED for bar in timeline.bars]
    assert chart.text.count("section ") == len(timeline.lanes)


def test_names_mean_nothing_to_mermaid() -> None:
    names = (*HOSTILE, "a: b; #c %%d \"e\" 'f' end <g> {h} `i` style:#;", "click", "größe.ts", "")
    lines = mermaid_gantt(a_timeline(*names)).text.splitlines()[10:]
    assert len(lines) == 1 + len(names)
    assert all(TASK.fullmatch(line) for line in lines[1:])
    long = mermaid_gantt(a_timeline("e2e/a: <b>.ts")).text.splitlines()[-1]
    assert long.startswith("    ✓ a#58; #60;b#62;.ts :done, ")


def test_names_are_as_long_as_their_bars() -> None:
    names = ["checkout-" * 9 + ".spec.ts"] * 10
    tasks = TASK.findall(mermaid_gantt(a_timeline(*names)).text)
    assert {label for label, *_ in tasks} == {"✓ checkou"}


def test_the_shortest_bars_are_left_out() -> None:
    short, long = a_timeline(*"ab" * MAX_BARS).lanes, a_timeline("c", "d", minutes=9).lanes
    timeline = Timeline(started_at=NOON, ended_at=NOON, lanes=(*short, *long))
    chart = mermaid_gantt(timeline)
    assert len(TASK.findall(chart.text)) == MAX_BARS
    assert chart.missing == MAX_BARS + 2
    room = len(mermaid_gantt(Timeline(lanes=long)).text)
    assert mermaid_gantt(timeline, room=room).text.count("section") == 1


@pytest.mark.parametrize("room", [-1, 0, 100])
def test_without_room_there_is_no_chart(room: int) -> None:
    assert mermaid_gantt(a_timeline("a"), room=room) == ("", 1)
    assert mermaid_gantt(Timeline()) == ("", 0)


def test_a_chart_is_never_longer_than_mermaid_reads() -> None:
    chart = mermaid_gantt(a_timeline(*[":" * 60] * 100, minutes=10**6))
    assert len(chart.text) <= MAX_GANTT
