from typing import Any

import msgspec
import pytest

from currents_async.analysis import RunDetails, timeline_of
from currents_async.models import (
    Attempt,
    Cancellation,
    Claim,
    CompletionState,
    Instance,
    InstanceTest,
    Run,
    RunSpec,
    SpecReport,
    Stats,
)
from tests.analysis.made import FAILED, PASSED, SKIPPED, sample
from tests.analysis.timed import a_spec, an_instance, at, attempt, seconds, shown, timeline


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


def test_what_no_worker_executed_has_none() -> None:
    """Playwright gives it the index -1, in runs that were interrupted and for skipped tests."""
    spec = a_spec("a", 0, 10)
    test = InstanceTest(
        state=PASSED, attempts=(attempt(0, 0, SKIPPED, parallel_index=-1), attempt(1, 2))
    )
    [lane] = timeline(spec, instances=(an_instance(spec, test),)).lanes
    assert lane.worker is None
