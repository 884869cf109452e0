import pytest

from currents_async.analysis.details import Execution, RunDetails
from currents_async.models import (
    Cancellation,
    CompletionState,
    Run,
    RunGroup,
    RunSpec,
    RunTimeout,
    SpecReport,
    Stats,
)
from currents_async.models.runs import GroupInstances
from currents_async.reports._remarks import remarks_of
from tests.analysis.made import NOON, a_run, a_test, an_instance


def test_nothing_is_said_of_a_whole_run() -> None:
    instance = an_instance("a.ts", a_test("one"))
    assert remarks_of(RunDetails.of(a_run(instance), [instance])) == []


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (
            Run(run_id="r", completion_state=CompletionState.IN_PROGRESS),
            "The run is still in progress: these are the results so far.",
        ),
        (Run(run_id="r"), "The server does not say whether the run has ended."),
        (
            Run(
                run_id="r",
                completion_state=CompletionState.CANCELED,
                cancellation=Cancellation(canceled_at=NOON, actor="Zoë\n", reason="too slow"),
            ),
            "The run was cancelled by Zoë at 2026-01-05 12:00:00 UTC: too slow",
        ),
        (
            Run(run_id="r", completion_state=CompletionState.CANCELED),
            "The run was cancelled.",
        ),
        (
            Run(
                run_id="r",
                completion_state=CompletionState.TIMEOUT,
                timeout=RunTimeout(timeout_value_ms=3_600_000),
            ),
            "The run timed out after 1 h 0 min.",
        ),
    ],
)
def test_how_it_ended(run: Run, said: str) -> None:
    assert remarks_of(RunDetails(run=run)) == [said, "The run has no spec files."]


def test_what_is_missing() -> None:
    run = Run(
        run_id="r",
        completion_state=CompletionState.COMPLETE,
        groups=(RunGroup(instances=GroupInstances(overall=4)),),
    )
    counted = SpecReport(stats=Stats(tests=3))
    executions = (
        Execution(spec=RunSpec(spec="a.ts"), error="HTTP 404"),
        Execution(spec=RunSpec(spec="b.ts")),
        Execution(spec=RunSpec(spec="c.ts", results=counted)),
    )
    assert remarks_of(RunDetails(run=run, executions=executions)) == [
        "The server counts 1 spec file more than it lists.",
        "Missing, as they could not be fetched: 1 spec file.",
        "Without results here: 2 spec files.",
        "The server counts 3 tests more than it lists.",
    ]
    assert remarks_of(RunDetails(run=run, executions=executions[:1]))[-1] == (
        "There are no results of tests."
    )
