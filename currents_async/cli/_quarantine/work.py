"""What `quarantine` does."""

from collections.abc import Iterator

from currents_async import Currents, QuarantineDecision, QuarantinePolicy, QuarantineResult
from currents_async.cli import _exit
from currents_async.cli._confirm import check_can_ask, confirm
from currents_async.cli._options import Output, read_span
from currents_async.cli._output.printer import Printer
from currents_async.cli._quarantine.commands import Policy
from currents_async.cli._text import note
from currents_async.models._model import Model

_DECIDED = ("decision", "test", "failed", "flaky", "judged", "reason")
_DONE = ("outcome", "test", "actionId", "error")


class Decided(Model, frozen=True, gc=False, kw_only=True):
    """What is to become of a test, and what came of it."""

    decision: str
    """`quarantine`, `extend`, `lift`, `keep` or `leave`."""
    test: str
    """Spec and title."""
    signature: str
    reason: str
    failed: int
    flaky: int
    judged: int
    """The last results that passed or failed."""
    action_id: str | None
    outcome: str | None = None
    """Once applied: `created`, `extended`, `lifted`, `unchanged` or `failed`."""
    error: str | None = None
    """Why it failed."""


async def plan(
    currents: Currents,
    *,
    project: str | None,
    policy: Policy,
    everything: bool,
    fail_on_changes: bool,
    output: Output,
) -> int:
    """Print a plan."""
    printer = Printer(Decided, _DECIDED, output)
    made = await currents.quarantine.plan(project, _read(policy))
    printer.all(_decided(one) for one in made.decisions if everything or one.is_change)
    return _exit.OK if made.is_empty or not fail_on_changes else _exit.FINDINGS


async def apply(
    currents: Currents, *, project: str | None, policy: Policy, yes: bool, output: Output
) -> int:
    """Carry a plan out, and print what came of it."""
    printer = Printer(Decided, _DONE, output)
    check_can_ask(yes=yes)
    made = await currents.quarantine.plan(project, _read(policy))
    for line in str(made).splitlines():
        note(line)
    if made.is_empty:
        printer.all(())
        return _exit.OK
    if not confirm("Carry it out?", yes=yes):
        return _exit.FAILED
    result = await made.apply()
    printer.all(_done(result))
    return _exit.PARTIAL if result.failed else _exit.OK


def _read(policy: Policy) -> QuarantinePolicy:
    expires = policy.expires_after
    return QuarantinePolicy(
        name=policy.name,
        branches=policy.branches,
        window=read_span("window", policy.window),
        min_executions=policy.min_executions,
        failure_rate=policy.failure_rate,
        flakiness_rate=policy.flakiness_rate,
        last_results=policy.last_results,
        lift_after=policy.lift_after,
        max_tests=policy.most,
        expires_after=None if expires is None else read_span("expires_after", expires),
    )


def _done(result: QuarantineResult) -> Iterator[Decided]:
    for outcome in ("created", "extended", "lifted", "unchanged"):
        decisions: tuple[QuarantineDecision, ...] = getattr(result, outcome)
        for decision in decisions:
            yield _decided(decision, outcome)
    for failure in result.failed:
        yield _decided(failure.decision, "failed", str(failure.error))


def _decided(
    decision: QuarantineDecision, outcome: str | None = None, error: str | None = None
) -> Decided:
    return Decided(
        decision=decision.kind,
        test=decision.label,
        signature=decision.test.signature,
        reason=decision.reason,
        failed=decision.test.failed,
        flaky=decision.test.flaky,
        judged=decision.test.judged,
        action_id=None if decision.action is None else decision.action.action_id,
        outcome=outcome,
        error=error,
    )
