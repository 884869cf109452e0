import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from currents_async.analysis import Bar, BarAttempt, Lane, RunDetails, Timeline, timeline_of
from currents_async.models import CompletionState, Outcome, Run, RunSpec
from currents_async.reports._page import page
from currents_async.reports._time_axis import ticks
from currents_async.reports._timeline import MAX_BARS, MAX_LANES, timeline_figure
from currents_async.testing import World
from tests.reports.made import HOSTILE, details_of, odd_details, world_details
from tests.reports.test_page import Outline

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LEFT, RIGHT = 116, 968
SVG = "{http://www.w3.org/2000/svg}"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_bar(
    name: str, started: float, ended: float, state: Outcome | None = None, **more: Any
) -> Bar:
    bar = Bar(spec=RunSpec(spec=name), started_at=at(started), ended_at=at(ended), state=state)
    return replace(bar, **more)


def a_timeline(*lanes: list[Bar]) -> Timeline:
    """Put lanes on machines of two workers each."""
    numbered = tuple(
        Lane(
            number=number + 1,
            machine_number=number // 2 + 1,
            machine_id=f"id {number // 2}",
            worker=number % 2,
            bars=tuple(bars),
        )
        for number, bars in enumerate(lanes)
    )
    bars = [bar for lane in lanes for bar in lane]
    return Timeline(
        started_at=min(bar.started_at for bar in bars),
        ended_at=max(bar.ended_at for bar in bars),
        lanes=numbered,
        critical_path=max(numbered, key=lambda lane: lane.bars[-1].ended_at).bars,
        balanced_ms=1000,
    )


def drawing(timeline: Timeline) -> ET.Element:
    """Return the image, which is XML."""
    found = re.search("<svg.*</svg>", timeline_figure(timeline))
    assert found is not None
    return ET.fromstring(found[0])  # noqa: S314 - our own


class Drawn(NamedTuple):
    """Where a bar is, and what is in it."""

    title: str
    left: float
    top: float
    width: float
    fill: str
    lines: list[tuple[str, str]]
    """Texture and path of the attempts of each look."""


def drawn(image: ET.Element) -> Iterator[Drawn]:
    for bar in image.iter(f"{SVG}g"):
        if bar.get("class") == "bar":
            left, top = map(float, re.findall("[0-9.]+", bar.get("transform", "")))
            frame, *lines = bar.findall(f"{SVG}path")
            [width] = re.findall("h([0-9.]+)v", frame.get("d", ""))
            yield Drawn(
                bar.findtext(f"{SVG}title", ""),
                left,
                top,
                float(width),
                frame.get("fill", ""),
                [(line.get("stroke", ""), line.get("d", "")) for line in lines],
            )


def x(seconds: float, whole: float) -> float:
    return LEFT + seconds / whole * (RIGHT - LEFT)


def test_bars_and_attempts_are_where_their_times_say() -> None:
    retries = (
        BarAttempt(title="a", state=Outcome.FAILED, started_at=at(20), ended_at=at(30)),
        BarAttempt(title="a", number=1, state=Outcome.PASSED, started_at=at(30), ended_at=at(50)),
    )
    timeline = a_timeline(
        [a_bar("a.ts", 0, 10, Outcome.PASSED)],
        [a_bar("b.ts", 20, 60, Outcome.PASSED, is_flaky=True, attempts=retries)],
        [a_bar("c.ts", 5, 100, Outcome.FAILED)],
    )
    one, two, three = drawn(drawing(timeline))
    assert (one.left, one.width) == pytest.approx((x(0, 100), x(10, 100) - LEFT), abs=0.1)
    assert (two.left, two.width) == pytest.approx((x(20, 100), x(40, 100) - LEFT), abs=0.1)
    assert (three.left, three.width) == pytest.approx((x(5, 100), x(95, 100) - LEFT), abs=0.1)
    assert one.top < two.top < three.top
    assert three.top - two.top > two.top - one.top  # another machine
    assert one.title == "a.ts: passed, 10.0 s, from 12:00:00 UTC, Machine 1, worker 0"
    assert two.title == "b.ts: flaky, 40.0 s, from 12:00:20 UTC, Machine 1, worker 1, 1 retry"
    failed, passed = two.lines
    assert failed[0] == "url(#timeline-failed)"
    assert [float(one) for one in re.findall("[0-9.]+", failed[1])] == pytest.approx(
        [0, 23, x(10, 100) - LEFT - 0.5], abs=0.1
    )
    assert [float(one) for one in re.findall("[0-9.]+", passed[1])] == pytest.approx(
        [x(10, 100) - LEFT, 23, x(20, 100) - LEFT - 0.5], abs=0.1
    )


def test_attempts_that_overlap_are_stacked() -> None:
    attempts = [
        BarAttempt(state=Outcome.PASSED, started_at=at(start), ended_at=at(start + 4))
        for start in (0, 1, 2, 5)
    ]
    [bar] = drawn(drawing(a_timeline([a_bar("a.ts", 0, 10, attempts=tuple(attempts))])))
    [(_, lines)] = bar.lines
    assert re.findall("M[0-9.]+ ([0-9.]+)h", lines) == ["19", "19", "23", "27"]


def test_the_looks_differ_without_colour() -> None:
    states = [
        a_bar("passed", 0, 1, Outcome.PASSED),
        a_bar("failed", 1, 2, Outcome.FAILED),
        a_bar("flaky", 2, 3, Outcome.PASSED, is_flaky=True),
        a_bar("skipped", 3, 4, Outcome.SKIPPED),
        a_bar("pending", 4, 5, Outcome.PENDING),
        a_bar("running", 5, 6, is_running=True),
        a_bar("failing", 6, 7, Outcome.FAILED, is_running=True),
        a_bar("odd", 7, 8),
    ]
    image = drawing(a_timeline(states))
    looks = {one.title.partition(":")[0]: (one.fill, one.lines[0][0]) for one in drawn(image)}
    names = ("passed", "failed", "flaky", "skipped", "running")
    assert len({looks[name] for name in names}) == len(names)
    assert looks["failed"] == ("url(#timeline-failed)", "url(#timeline-failed)")
    words = [one.title.split(", ")[0].split(": ")[1] for one in drawn(image)]
    assert words == [
        "passed",
        "failed",
        "flaky",
        "skipped",
        "skipped on purpose",
        "running",
        "running",
        "no result",
    ]
    assert "running, failed so far" in [*drawn(image)][6].title
    written = {text.text for text in image.iter(f"{SVG}text")}
    assert {*words, "idle", "ended last", "Machine 1", "w0", "0"} <= written


def test_names_are_those_of_files_as_far_as_there_is_room() -> None:
    names = ("a/\u202eb.ts", "a/long-name.spec.ts", "a/none.ts")
    bars = [
        a_bar(name, start, end)
        for name, start, end in zip(names, (0, 50, 62), (50, 62, 63), strict=True)
    ]
    image = drawing(a_timeline(bars))
    written = [text.text for bar in image.iter(f"{SVG}g") for text in bar.findall(f"{SVG}svg/*")]
    assert written == ["\N{EN DASH} \\u202eb.ts", "\N{EN DASH} long-name.spec.ts", "\N{EN DASH}"]


def test_what_the_figure_shows_is_said() -> None:
    timeline = timeline_of(world_details(specs=30))
    text = timeline_figure(timeline)
    assert "30 spec files on 2 machines, 8 lanes" in text
    assert "With perfect balance: <b>1 min 2 s</b> instead of 1 min 34 s." in text
    assert "Machine 2, worker 2 ended last: its slowest spec file took" in text
    assert len([*drawn(drawing(timeline))]) == 30


def test_lanes_are_shaded_where_they_were_idle() -> None:
    timeline = timeline_of(world_details(specs=30))
    [idle] = [
        path.get("d", "")
        for path in drawing(timeline).findall(f"{SVG}path")
        if path.get("fill") == "url(#timeline-idle)"
    ]
    shown = [float(one) for one in re.findall("h([0-9.]+)v", idle)]
    expected = [
        span.duration_ms / timeline.duration_ms * (RIGHT - LEFT)
        for lane in timeline.lanes
        for span in lane.idle
    ]
    assert shown == pytest.approx(expected, abs=0.1)


def test_what_ended_last_is_outlined() -> None:
    timeline = timeline_of(world_details(specs=30))
    [outlined] = [
        path.get("d", "")
        for path in drawing(timeline).findall(f"{SVG}path")
        if path.get("stroke") == "currentColor"
    ]
    assert outlined.count("z") == len(timeline.critical_path)


def test_a_late_worker_is_named() -> None:
    late = a_timeline([a_bar("a.ts", 0, 50)], [a_bar("b.ts", 40, 60)])
    assert "Machine 1, worker 1 ended last and began only after 40.0 s" in timeline_figure(late)


def test_a_balance_that_could_not_be_better() -> None:
    best = replace(a_timeline([a_bar("a.ts", 0, 50)]), balanced_ms=50_000)
    assert "No other balance would have been faster." in timeline_figure(best)


def test_a_run_in_progress() -> None:
    run = World(seed=1).project().run(specs=6, unclaimed=2, completed=3, running=True)
    details = details_of(run)
    text = timeline_figure(timeline_of(details))
    assert "Without a start, and not shown: 3 spec files." in text
    open_ = replace(a_timeline([a_bar("a.ts", 0, 50, is_running=True)]), balanced_ms=None)
    assert "Still running: 1 spec file." in timeline_figure(open_)


def test_every_run_has_a_figure_or_is_said_to_have_none() -> None:
    for details in odd_details():
        text = timeline_figure(timeline_of(details))
        assert ("<svg" in text) != ("there is no timeline" in text)
        assert "timeline.W" not in text


def test_hostile_texts_are_texts() -> None:
    bars = [
        a_bar("", number, number + 1, Outcome.FAILED, spec=RunSpec(spec=text, group_id=text))
        for number, text in enumerate(HOSTILE)
    ]
    timeline = a_timeline(bars)
    lane = replace(timeline.lanes[0], machine_id=HOSTILE[0])
    text = page("Timeline", timeline_figure(replace(timeline, lanes=(lane,))))
    outline = Outline()
    outline.feed(text)
    assert not outline.open
    assert not {"script", "style", "img"} & set(outline.seen)
    assert "style=" not in text
    assert not {"\u202e", "\u2066", "\x1b", "\x07"} & set(text)
    assert len(text) < 20_000
    assert len([*drawn(drawing(timeline))]) == len(HOSTILE)


def test_the_facts_stand_in_tables() -> None:
    timeline = timeline_of(world_details(specs=30))
    text = timeline_figure(timeline)
    workers, files = text.split("<table")[1:]
    assert workers.count("<tr") == 1 + 8
    assert files.count("<tr") == 1 + 30
    lane = timeline.lanes[0]
    assert f"{lane.name}<br><small><bdi>{lane.machine_id}</bdi></small>" in workers
    assert f"{lane.busy_ms / timeline.duration_ms:.0%}" in workers


def test_a_large_run_stays_small() -> None:
    run = World(seed=5).project().run(specs=790, tests=10, failures=0.03, flaky=0.05)
    details = details_of(run)
    details = replace(details, executions=details.executions[:500])
    timeline = timeline_of(details)
    assert (len(timeline.lanes), len(timeline.bars)) == (160, 500)
    text = timeline_figure(timeline)
    assert len(text.encode()) < 520_000
    assert text.count('<g class="bar"') == 500


def test_of_more_lanes_those_that_ended_last_are_shown() -> None:
    lanes = [[a_bar(f"{number}.ts", 0, number + 1)] for number in range(MAX_LANES + 40)]
    timeline = a_timeline(*lanes)
    names = {one.title.partition(":")[0] for one in drawn(drawing(timeline))}
    assert names == {f"{number}.ts" for number in range(40, MAX_LANES + 40)}
    assert "Not shown: 40 lanes that ended earlier." in timeline_figure(timeline)


def test_of_more_bars_the_longest_are_shown() -> None:
    bars = [a_bar(f"{number}.ts", number, number + 1) for number in range(MAX_BARS)]
    shorter = [
        a_bar("s.ts", MAX_BARS + number / 2, MAX_BARS + number / 2 + 0.5) for number in range(9)
    ]
    text = timeline_figure(a_timeline([*bars, *shorter]))
    assert text.count('<g class="bar"') == MAX_BARS
    assert "Not shown: 9 shorter spec files." in text


def test_bars_of_a_moment_can_be_seen() -> None:
    [first, second] = drawn(drawing(a_timeline([a_bar("a", 0, 0), a_bar("b", 0, 1e6)])))
    assert (first.width, second.width) == (1, RIGHT - LEFT)
    [only] = drawn(drawing(a_timeline([a_bar("a", 0, 0)])))
    assert (only.left, only.width) == (LEFT, 1)


@pytest.mark.parametrize(
    ("milliseconds", "labels"),
    [
        (0, ["0"]),
        (7, ["0", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms", "6 ms", "7 ms"]),
        (94_000, ["0", "10 s", "20 s", "30 s", "40 s", "50 s", "1 min", "1 min 10 s"]),
        (422_000, ["0", "1 min", "2 min", "3 min", "4 min", "5 min", "6 min", "7 min"]),
        (16_000_000, ["0", "30 min", "1 h", "1 h 30 min", "2 h", "2 h 30 min", "3 h"]),
        (700_000_000, ["0", "1 d", "2 d", "3 d", "4 d", "5 d", "6 d", "7 d", "8 d"]),
    ],
)
def test_axes_have_round_steps(milliseconds: int, labels: list[str]) -> None:
    assert [tick.label for tick in ticks(milliseconds)][: len(labels)] == labels


@given(st.integers(0, 10**14))
def test_axes_are_legible(milliseconds: int) -> None:
    found = [*ticks(milliseconds)]
    assert 1 <= len(found) <= 11
    assert len({tick.label for tick in found}) == len(found)
    assert found[-1].milliseconds <= milliseconds
    if milliseconds > 20:
        assert len(found) >= 5


def test_a_canceled_run() -> None:
    spec = RunSpec(spec="a.ts", machine_id="m", claimed_at=NOON)
    run = Run(
        run_id="r",
        completion_state=CompletionState.CANCELED,
        created_at=NOON,
        duration_ms=60_000,
        specs=(spec,),
    )
    text = timeline_figure(timeline_of(RunDetails.of(run, [])))
    assert "a.ts: skipped, 1 min 0 s" in text
