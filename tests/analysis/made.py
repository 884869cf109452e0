"""Runs, instances and results, made by hand, with defaults for what does not matter."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from currents_async.analysis import RunResults
from currents_async.models import (
    Attempt,
    AttemptError,
    CompletionState,
    Instance,
    InstanceReport,
    InstanceTest,
    Outcome,
    Run,
    RunGroup,
    RunMeta,
    RunSpec,
    RunStatus,
    SpecReport,
    Stats,
)
from currents_async.testing import WorldRun

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
PENDING, SKIPPED = Outcome.PENDING, Outcome.SKIPPED

SAMPLES = Path(__file__).parent.parent / "samples"

T = TypeVar("T", Run, Instance)


def sample(name: str, returns: type[T]) -> T:
    response: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return msgspec.convert(response["data"], returns)


def played(run: WorldRun) -> tuple[Run, list[Instance]]:
    """Return a run of a world, and its instances."""
    instances = [
        msgspec.convert(run.instance(number), Instance)
        for number, spec in enumerate(run.specs)
        if spec.instance_id is not None
    ]
    return msgspec.convert(run.payload, Run), instances


def results_of(run: WorldRun) -> RunResults:
    return RunResults.of(*played(run))


def a_test(title: str, state: Outcome = PASSED, *, failures: Sequence[str] = ()) -> InstanceTest:
    """Make a test whose attempts failed with these messages."""
    messages = [*failures] if failures or state is not FAILED else ["oh!"]
    attempts = [
        Attempt(state=FAILED, error=AttemptError(message=message, stack="at a.ts:1"))
        for message in messages
    ]
    if state is not FAILED:
        attempts.append(Attempt(state=state))
    return InstanceTest(
        test_id=f"id of {title}", title=("Cart", title), state=state, attempts=tuple(attempts)
    )


def an_instance(
    spec: str,
    *tests: InstanceTest,
    run_id: str = "r",
    group_id: str = "chromium",
    exception: str | None = None,
    completed_at: datetime | None = NOON,
    **report: Any,
) -> Instance:
    return Instance(
        instance_id=f"{run_id} {group_id} {spec}",
        run_id=run_id,
        group_id=group_id,
        spec=spec,
        completed_at=completed_at,
        results=InstanceReport(tests=tests, exception=exception, **report),
    )


def a_spec(instance: Instance) -> RunSpec:
    """List an instance as its run does."""
    report = instance.results
    return RunSpec(
        spec=instance.spec,
        group_id=instance.group_id,
        instance_id=instance.instance_id,
        completed_at=instance.completed_at,
        results=None
        if report is None
        else SpecReport(stats=Stats(tests=len(report.tests)), exception=report.exception),
    )


def a_run(
    *instances: Instance,
    run_id: str = "r",
    ci_build_id: str = "1",
    state: CompletionState = CompletionState.COMPLETE,
    more: Sequence[RunSpec] = (),
) -> Run:
    """Make a run of instances, and of more spec files."""
    return Run(
        run_id=run_id,
        project_id="p",
        completion_state=state,
        status=RunStatus.PASSED,
        groups=(RunGroup(group_id="chromium"),),
        meta=RunMeta(ci_build_id=ci_build_id),
        specs=(*map(a_spec, instances), *more),
    )
