from datetime import datetime, timedelta
from typing import Any

from currents_async.analysis import Lane, RunDetails, Timeline, timeline_of
from currents_async.models import (
    Attempt,
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
from tests.analysis.made import FAILED, NOON, PASSED, PENDING, SKIPPED
from tests.reports.made import hostile_details, odd_details

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


def test_nothing_fails_for_what_is_missing() -> None:
    for details in (*odd_details(), hostile_details()):
        result = timeline_of(details)
        assert len(result.bars) + len(result.unplaced) == len(details.executions)
