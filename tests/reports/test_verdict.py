import pytest

from currents_async.models import CompletionState, Outcome, Run, RunStatus
from currents_async.reports._verdict import sign_of, state_in_words, verdict_of


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        (CompletionState.COMPLETE, RunStatus.PASSED, ("✓", "passed")),
        (CompletionState.COMPLETE, RunStatus.FAILED, ("✗", "failed")),
        (CompletionState.CANCELED, RunStatus.CANCELED, ("–", "cancelled")),  # noqa: RUF001
        (CompletionState.TIMEOUT, RunStatus.FAILED, ("✗", "failed, timed out")),
        (CompletionState.IN_PROGRESS, RunStatus.RUNNING, ("…", "in progress")),
        (CompletionState.IN_PROGRESS, RunStatus.FAILING, ("✗", "failing, in progress")),
        (CompletionState.UNKNOWN, RunStatus.UNKNOWN, ("…", "in progress")),
    ],
)
def test_a_run(state: CompletionState, status: RunStatus, said: tuple[str, str]) -> None:
    assert verdict_of(Run(run_id="r", completion_state=state, status=status)) == said


@pytest.mark.parametrize(
    ("state", "is_flaky", "is_running", "sign"),
    [
        (Outcome.PASSED, False, False, "✓"),
        (Outcome.PASSED, True, False, "~"),
        (Outcome.FAILED, False, False, "✗"),
        (Outcome.SKIPPED, False, False, "–"),  # noqa: RUF001
        (None, False, True, "…"),
    ],
)
def test_a_test(state: Outcome | None, is_flaky: bool, is_running: bool, sign: str) -> None:  # noqa: FBT001
    assert sign_of(state, is_flaky=is_flaky, is_running=is_running) == sign


def test_states_in_words() -> None:
    states = [*Outcome, None]
    assert [*map(state_in_words, states)] == [
        "✓ passed",
        "✗ failed",
        "– skipped",  # noqa: RUF001
        "– not run",  # noqa: RUF001
        "– unknown",  # noqa: RUF001
    ]
    assert state_in_words(Outcome.PASSED, is_flaky=True) == "~ flaky"
