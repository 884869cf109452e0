from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis import Bar, Execution, Lane, RunDetails, Timeline, timeline_of
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
from tests.analysis.made import FAILED, NOON, PASSED, PENDING, SKIPPED, sample
from tests.reports.made import details_of, hostile_details, odd_details

COMPLETE = CompletionState.COMPLETE


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def attempt(started: float, seconds: float, state: Outcome = PASSED, **more: Any) -> Attempt:
    return Attempt(
        state=state,
        wall_clock_started_at=at(started),
        wall_clock_duration=round(seconds * 1000),
        **more,
    )


def a_spec(
    name: str,
    started: float,
    ended: float,
    *,
    machine: str | None = "m",
    worker: int | None = None,
    **counters: int,
) -> RunSpec:
    """Make a spec file that a machine executed between two times."""
    counted: dict[str, Any] = {"passes": 1, **counters}
    measured = Stats(
        tests=1,
        wall_clock_started_at=at(started),
        wall_clock_ended_at=at(ended),
        **counted,
    )
    return RunSpec(
        spec=name,
        instance_id=name,
        machine_id=machine,
        claimed_at=at(started),
        completed_at=at(ended),
        worker=None if worker is None else Worker(worker_index=9, parallel_index=worker),
        results=SpecReport(stats=measured, flaky=measured.flaky),
    )


def an_instance(spec: RunSpec, *tests: InstanceTest) -> Instance:
    return Instance(
        instance_id=spec.instance_id or "", spec=spec.spec, results=InstanceReport(tests=tests)
    )


def timeline(
    *specs: RunSpec, instances: tuple[Instance, ...] = (), state: CompletionState = COMPLETE
) -> Timeline:
    run = Run(run_id="r", completion_state=state, specs=specs)
    return timeline_of(RunDetails.of(run, instances))


def seconds(when: datetime | None) -> float:
    assert when is not None
    return (when - NOON).total_seconds()


def shown(lane: Lane) -> list[tuple[str, float, float]]:
    """Return what a lane executed, and from when to when."""
    return [(bar.spec.spec, seconds(bar.started_at), seconds(bar.ended_at)) for bar in lane.bars]


def idle(lane: Lane) -> list[tuple[float, float]]:
    return [(seconds(one.started_at), seconds(one.ended_at)) for one in lane.idle]


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


def test_the_worker_of_a_file_is_that_of_its_first_attempt() -> None:
    spec = a_spec("a", 0, 10)
    attempts = (attempt(1, 2, FAILED, parallel_index=3), attempt(4, 5, parallel_index=0))
    test = InstanceTest(title=("a",), state=PASSED, attempts=attempts)
    [lane] = timeline(spec, instances=(an_instance(spec, test),)).lanes
    assert lane.worker == 3


def test_times_of_attempts_and_claims_stand_in_for_those_of_files() -> None:
    claimed = RunSpec(spec="claimed", machine_id="a", claimed_at=at(1), completed_at=at(7))
    bare = RunSpec(spec="bare", instance_id="bare", machine_id="b")
    test = InstanceTest(state=PASSED, attempts=(attempt(5, 4), attempt(2, 1)))
    listed = Instance(
        instance_id="c",
        spec="listed",
        claim_list=(
            Claim(machine_id="c", t=round(at(3).timestamp() * 1000)),
            Claim(machine_id="c", t=round(at(1).timestamp() * 1000)),
            Claim(machine_id="c", t=10**20),
        ),
        completed_at=at(4),
    )
    lanes = timeline(claimed, bare, instances=(an_instance(bare, test), listed)).lanes
    assert [shown(lane) for lane in lanes] == [
        [("claimed", 1, 7)],
        [("bare", 2, 9)],
        [("listed", 3, 4)],
    ]


def test_a_wrong_clock_is_corrected_by_the_claim() -> None:
    """As in `run-cypress.json`, where a file was executed an hour before it was claimed."""
    early, late = a_spec("early", 100, 107), a_spec("late", 900, 907, machine="other")
    specs = (
        replaced(early, claimed_at=at(300), completed_at=at(310)),
        replaced(late, claimed_at=at(301), completed_at=at(309)),
    )
    test = InstanceTest(state=PASSED, attempts=(attempt(102, 3),))
    result = timeline(*specs, instances=(an_instance(specs[0], test),))
    assert list(map(shown, result.lanes)) == [[("early", 300, 307)], [("late", 301, 308)]]
    [moved] = result.bars[0].attempts
    assert (seconds(moved.started_at), seconds(moved.ended_at)) == (302, 305)


def replaced(spec: RunSpec, **changed: Any) -> RunSpec:
    return msgspec.structs.replace(spec, **changed)


def open_spec(name: str, claimed: float) -> RunSpec:
    """Make a spec file that a machine has claimed and not completed, as newer runs have it."""
    stats = Stats(wall_clock_started_at=at(claimed))
    return RunSpec(
        spec=name,
        instance_id=name,
        machine_id=name,
        claimed_at=at(claimed),
        results=SpecReport(stats=stats),
    )


def test_running_files_last_until_the_latest_moment_that_the_run_knows() -> None:
    spec = open_spec("b", 4)
    going = Attempt(wall_clock_started_at=at(8))
    test = InstanceTest(state=None, attempts=(attempt(5, 2, FAILED), going))
    result = timeline(
        a_spec("a", 0, 6),
        spec,
        instances=(an_instance(spec, test),),
        state=CompletionState.IN_PROGRESS,
    )
    done, running = result.bars
    assert (done.is_running, running.is_running) == (False, True)
    assert (running.state, seconds(running.ended_at)) == (None, 8)
    assert [seconds(one.ended_at) for one in running.attempts] == [7, 8]
    assert result.balanced_ms is None

    run = Run(run_id="r", created_at=at(-1), duration_ms=21_000, specs=(spec,))
    assert seconds(timeline_of(RunDetails.of(run, [])).ended_at) == 20


def test_a_file_that_its_run_ended_without_was_interrupted() -> None:
    spec = open_spec("a", 4)
    run = Run(
        run_id="r",
        completion_state=CompletionState.CANCELED,
        cancellation=Cancellation(canceled_at=at(9)),
        specs=(spec,),
    )
    [bar] = timeline_of(RunDetails.of(run, [])).bars
    assert (bar.state, bar.is_running, seconds(bar.ended_at)) == (SKIPPED, False, 9)
    test = InstanceTest(state=PASSED, attempts=(attempt(5, 2),))
    [bar] = timeline_of(RunDetails.of(run, [an_instance(spec, test)])).bars
    assert (bar.state, bar.is_running, seconds(bar.ended_at)) == (SKIPPED, False, 7)


def test_an_end_before_the_start_is_ignored() -> None:
    reversed_ = a_spec("a", 10, 5)
    lasted = a_spec("b", 10, 5, wall_clock_duration=3000)
    [alone], [better] = timeline(reversed_).bars, timeline(lasted).bars
    assert (seconds(alone.started_at), seconds(alone.ended_at)) == (10, 10)
    assert (seconds(better.started_at), seconds(better.ended_at)) == (10, 13)
    assert not alone.is_running


@pytest.mark.parametrize("name", ["cypress", "playwright", "playwright-2026-complete"])
def test_samples_are_as_long_as_they_say(name: str) -> None:
    run = sample(f"run-{name}", Run)
    result = timeline_of(RunDetails.of(run, []))
    assert {bar.spec.spec: bar.duration_ms for bar in result.bars} == {
        spec.spec: spec.duration for spec in run.specs
    }
    assert {lane.machine_id for lane in result.lanes} == {spec.machine_id for spec in run.specs}


def test_a_sample_in_progress() -> None:
    result = timeline_of(RunDetails.of(sample("run-playwright-2026-in-progress", Run), []))
    assert [bar.is_running for bar in result.bars] == [True, True]
    assert [spec.spec for spec in result.unplaced] == ["web/search.spec.ts"]


def test_a_sample_whose_attempts_name_its_worker() -> None:
    """In schema 2 neither the run nor the instance says it; retries are of another worker."""
    instance = sample("instance-playwright-schema-2", Instance)
    result = timeline_of(RunDetails.of(sample("run-playwright-2026-complete", Run), [instance]))
    [bar] = [one for one in result.bars if one.spec.instance_id == instance.instance_id]
    [lane] = [one for one in result.lanes if bar in one.bars]
    assert lane.worker == 1
    assert [one.number for one in bar.attempts] == [0, 0, 1, 0, 1, 2, 0]


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
