"""How a run ended, in a sign and in words: never by colour alone."""

from typing import Literal, NamedTuple

from currents_async.models.common import Outcome
from currents_async.models.runs import CompletionState, Run

Sign = Literal["✓", "✗", "~", "–", "…"]  # noqa: RUF001 - a dash for what was skipped

PASSED: Sign = "✓"
FAILED: Sign = "✗"
FLAKY: Sign = "~"
SKIPPED: Sign = "–"  # noqa: RUF001
RUNNING: Sign = "…"

_ENDED_EARLY = {
    CompletionState.CANCELED: "cancelled",
    CompletionState.TIMEOUT: "timed out",
}
_WORDS: dict[Outcome | None, str] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.PENDING: "skipped",
    Outcome.SKIPPED: "not run",
}


class Verdict(NamedTuple):
    """What to say of a run first."""

    sign: Sign
    words: str


def verdict_of(run: Run) -> Verdict:
    """Return how a run ended, or how it is doing."""
    early = _ENDED_EARLY.get(run.completion_state)
    if early is not None:
        return Verdict(FAILED if run.failed else SKIPPED, f"{'failed, ' * run.failed}{early}")
    if run.has_ended:
        return Verdict(FAILED, "failed") if run.failed else Verdict(PASSED, "passed")
    return (
        Verdict(FAILED, "failing, in progress") if run.failed else Verdict(RUNNING, "in progress")
    )


def sign_of(state: Outcome | None, *, is_flaky: bool = False, is_running: bool = False) -> Sign:
    """Return the sign of a test, an attempt or a spec file."""
    if is_running:
        return RUNNING
    if state == Outcome.FAILED:
        return FAILED
    if is_flaky:
        return FLAKY
    return PASSED if state == Outcome.PASSED else SKIPPED


def state_in_words(state: Outcome | None, *, is_flaky: bool = False) -> str:
    """Return the sign and the state of a test or an attempt: what is pending was skipped."""
    word = "flaky" if is_flaky else _WORDS.get(state, "unknown")
    return f"{sign_of(state, is_flaky=is_flaky)} {word}"
