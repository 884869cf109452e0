from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis import Bar, Execution, RunDetails, timeline_of
from currents_async.models import (
    Attempt,
    Cancellation,
    Claim,
    CompletionState,
    Instance,
    InstanceReport,
    InstanceTest,
    Outcome,
    Run,
    RunSpec,
    SpecReport,
    Stats,
    Worker,
)
from currents_async.testing import World
from tests.analysis.made import FAILED, PASSED, PENDING, SKIPPED
from tests.analysis.timed import a_spec, an_instance, at, attempt, idle, seconds, shown, timeline
from tests.reports.made import details_of, hostile_details, odd_details


def test_a_run_with_known_times() -> None:
    """Two shards of two workers: both have a worker 0, which one lane must not have."""
    retried = a_spec("b.ts", 14, 40, machine="one", worker=0, failures=0, flaky=1)
    result = timeline(
        a_spec("a.ts", 0, 12, machine="one", worker=0),
        retried,
        a_spec("c.ts", 1, 61, machine="one", worker=1, passes=0, failures=1),
        a_spec("d.ts", 5, 9, machine="two", worker=0, passes=0, pending=1),
        a_spec("e.ts", 10, 20, machine="two", worker=0, skipped=1),
        RunSpec(spec="never.ts"),
        instances=(
            an_instance(
                retried,
                InstanceTest(
                    title=("Cart", "pays"),
                    state=PASSED,
                    attempts=(attempt(15, 10, FAILED), attempt(26, 13)),
                ),
                InstanceTest(title=("never",), state=SKIPPED),
            ),
        ),
    )
    assert (seconds(result.started_at), seconds(result.ended_at)) == (0, 61)
    assert [
        (one.number, one.machine_number, one.machine_id, one.worker) for one in result.lanes
    ] == [
        (1, 1, "one", 0),
        (2, 1, "one", 1),
        (3, 2, "two", 0),
    ]
    assert [shown(lane) for lane in result.lanes] == [
        [("a.ts", 0, 12), ("b.ts", 14, 40)],
        [("c.ts", 1, 61)],
        [("d.ts", 5, 9), ("e.ts", 10, 20)],
    ]
    assert [idle(lane) for lane in result.lanes] == [
        [(12, 14), (40, 61)],
        [(0, 1)],
        [(0, 5), (9, 10), (20, 61)],
    ]
    assert [(lane.busy_ms, lane.idle_ms) for lane in result.lanes] == [
        (38_000, 23_000),
        (60_000, 1_000),
        (14_000, 47_000),
    ]
    states = {bar.spec.spec: (bar.state, bar.is_flaky) for bar in result.bars}
    assert states == {
        "a.ts": (PASSED, False),
        "b.ts": (SKIPPED, True),
        "c.ts": (FAILED, False),
        "d.ts": (PENDING, False),
        "e.ts": (SKIPPED, False),
    }
    [first, second] = result.lanes[0].bars[1].attempts
    assert (first.title, first.number, first.state) == ("Cart > pays", 0, FAILED)
    assert (seconds(first.started_at), seconds(first.ended_at)) == (15, 25)
    assert (second.number, second.state, second.duration_ms) == (1, PASSED, 13_000)
    assert result.unplaced == (RunSpec(spec="never.ts"),)
    assert result.critical_lane is result.lanes[1]
    assert [bar.spec.spec for bar in result.critical_path] == ["c.ts"]
    assert result.balanced_ms == 60_000
    assert result.duration_ms == 61_000


def test_workers_of_two_machines_never_share_a_lane() -> None:
    """Merged reports go by the worker alone, which puts shards on top of each other.

    See https://github.com/allure-framework/allure-js/issues/1383.
    """
    specs = [
        a_spec(f"{machine}-{worker}.ts", 0, 10, machine=machine, worker=worker)
        for machine in ("shard 1", "shard 2")
        for worker in (0, 1)
    ]
    lanes = timeline(*specs).lanes
    assert [(lane.machine_id, lane.worker) for lane in lanes] == [
        ("shard 1", 0),
        ("shard 1", 1),
        ("shard 2", 0),
        ("shard 2", 1),
    ]
    assert all(len(lane.bars) == 1 and not lane.idle for lane in lanes)
    assert (lanes[3].name, timeline(a_spec("a", 0, 1)).lanes[0].name) == (
        "Machine 2, worker 1",
        "Machine 1",
    )


def test_bars_that_overlap_get_lanes_of_their_own() -> None:
    unknown = timeline(a_spec("a", 0, 10), a_spec("b", 5, 20), a_spec("c", 10, 12))
    assert list(map(shown, unknown.lanes)) == [[("a", 0, 10), ("c", 10, 12)], [("b", 5, 20)]]
    assert list(map(idle, unknown.lanes)) == [[(12, 20)], [(0, 5)]]

    parallel = timeline(
        a_spec("a", 0, 10, worker=0), a_spec("b", 8, 16, worker=0), a_spec("c", 0, 8, worker=1)
    )
    assert [(lane.worker, shown(lane)) for lane in parallel.lanes] == [
        (0, [("a", 0, 10)]),
        (0, [("b", 8, 16)]),
        (1, [("c", 0, 8)]),
    ]
    assert list(map(idle, parallel.lanes)) == [[], [], [(8, 16)]]
    # There were two workers, not three.
    assert parallel.balanced_ms == 16_000


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
@pytest.mark.parametrize("seed", range(3))
def test_worlds_by_their_json(framework: Literal["playwright", "cypress"], seed: int) -> None:
    project = World(seed=seed).project()
    world = project.run(framework=framework, specs=50, unclaimed=3, failures=0.1, flaky=0.1)
    lanes = defaultdict[tuple[str, int | None], list[tuple[datetime, datetime, str]]](list)
    attempts = dict[str, list[tuple[datetime, int, str]]]()
    for number, spec in enumerate(world.payload["specs"]):
        if spec["claimedAt"] is None:
            continue
        stats = spec["results"]["stats"]
        place = spec["machineId"], spec["worker"]["parallelIndex"] if "worker" in spec else None
        started = datetime.fromisoformat(stats["wallClockStartedAt"])
        ended = datetime.fromisoformat(stats["wallClockEndedAt"])
        lanes[place].append((started, ended, spec["spec"]))
        attempts[spec["spec"]] = sorted(
            (
                datetime.fromisoformat(one["wallClockStartedAt"]),
                one["wallClockDuration"],
                one["state"],
            )
            for test in world.instance(number)["results"]["tests"]
            for one in test["attempts"]
            if one["wallClockStartedAt"]
        )
    result = timeline_of(details_of(world))
    assert {
        (lane.machine_id, lane.worker): [
            (bar.started_at, bar.ended_at, bar.spec.spec) for bar in lane.bars
        ]
        for lane in result.lanes
    } == {place: sorted(bars) for place, bars in lanes.items()}
    assert len(result.lanes) == len(lanes) > 1
    assert {
        bar.spec.spec: sorted(
            (one.started_at, one.duration_ms, str(one.state)) for one in bar.attempts
        )
        for bar in result.bars
    } == attempts
    every = [bar for bars in lanes.values() for bar in bars]
    began, over = min(start for start, _, _ in every), max(end for _, end, _ in every)
    assert (result.started_at, result.ended_at) == (began, over)
    assert result.critical_path[-1].ended_at == over
    for lane in result.lanes:
        tiles = sorted((one.started_at, one.ended_at) for one in (*lane.bars, *lane.idle))
        assert [start for start, _ in tiles] == [began, *(end for _, end in tiles[:-1])]
        assert tiles[-1][1] == over
    assert len(result.unplaced) == 3


def test_nothing_fails_for_what_is_missing() -> None:
    for details in (*odd_details(), hostile_details()):
        result = timeline_of(details)
        assert len(result.bars) + len(result.unplaced) == len(details.executions)


moments = st.none() | st.datetimes(timezones=st.just(UTC)) | st.integers(0, 60).map(at)
lengths = st.none() | st.integers(-(10**30), 10**30) | st.integers(0, 60_000)
indexes = st.none() | st.integers(0, 2)
measured = st.builds(
    Stats,
    wall_clock_started_at=moments,
    ended_at=moments,
    duration=lengths,
    skipped=st.integers(0, 1),
    passes=st.integers(0, 1),
)
workers = st.none() | st.builds(Worker, parallel_index=indexes)
tried = st.builds(
    Attempt,
    state=st.sampled_from([None, *Outcome]),
    wall_clock_started_at=moments,
    wall_clock_duration=lengths,
    parallel_index=indexes,
)
tests_ = st.builds(InstanceTest, attempts=st.lists(tried, max_size=3).map(tuple))
reports = st.builds(InstanceReport, tests=st.lists(tests_, max_size=2).map(tuple))
machines = st.sampled_from([None, "", "one", "two"])
executions = st.builds(
    Execution,
    spec=st.builds(
        RunSpec,
        machine_id=machines,
        claimed_at=moments,
        completed_at=moments,
        worker=workers,
        results=st.none() | st.builds(SpecReport, stats=st.none() | measured),
    ),
    instance=st.none()
    | st.builds(
        Instance,
        instance_id=st.just("i"),
        machine_id=machines,
        claimed_at=moments,
        worker=workers,
        claim_list=st.lists(st.builds(Claim, t=lengths), max_size=2).map(tuple),
        results=st.none()
        | st.builds(InstanceReport, tests=st.lists(tests_, max_size=2).map(tuple)),
    ),
)
runs = st.builds(
    RunDetails,
    run=st.builds(
        Run,
        run_id=st.just("r"),
        completion_state=st.sampled_from([*CompletionState]),
        created_at=moments,
        duration_ms=lengths,
        cancellation=st.none() | st.builds(Cancellation, canceled_at=moments),
    ),
    executions=st.lists(executions, max_size=8).map(tuple),
)


@given(runs)
def test_any_times_make_a_timeline(details: RunDetails) -> None:
    result = timeline_of(details)
    assert len(result.bars) + len(result.unplaced) == len(details.executions)
    for lane in result.lanes:
        spans = sorted((*lane.bars, *lane.idle), key=lambda one: (one.started_at, one.ended_at))
        assert all(one.ended_at <= other.started_at for one, other in pairwise(spans))
        assert all(one.started_at <= one.ended_at for one in spans)
    for attempt_ in (one for bar in result.bars for one in bar.attempts):
        assert attempt_.started_at <= attempt_.ended_at
    if result.balanced_ms is not None:
        longest = max(bar.duration_ms for bar in result.bars)
        assert longest <= result.balanced_ms <= result.duration_ms
    assert (result.critical_lane is None) == (not result.bars)


def test_the_slowest_file_on_the_critical_path() -> None:
    result = timeline(a_spec("a", 0, 9), a_spec("b", 9, 11), a_spec("c", 0, 10, machine="other"))
    slowest = result.slowest
    assert isinstance(slowest, Bar)
    assert slowest.spec.spec == "a"
    assert timeline().slowest is None
