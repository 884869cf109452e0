"""Specs, attempts and timelines by seconds after noon."""

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
from tests.analysis.made import NOON, PASSED

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
