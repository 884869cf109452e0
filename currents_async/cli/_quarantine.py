"""`quarantine`: put tests that fail too often into quarantine, and let them out."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

import currents_async
from currents_async.cli import _exit
from currents_async.cli._confirm import check_can_ask, confirm
from currents_async.cli._messages import plain_words
from currents_async.cli._options import (
    COMMON,
    CommonOptions,
    Flag,
    Project,
    Yes,
)
from currents_async.cli._output import Printer
from currents_async.cli._output.columns import Column
from currents_async.cli._progress import progress_bar
from currents_async.cli._quarantine_options import POLICY, TICKET, Policy, Ticket
from currents_async.cli._streams import note
from currents_async.models._model import Model

app = App(name="quarantine")


class Decided(Model, frozen=True, gc=False, kw_only=True):
    """What is to become of a test, and what came of it."""

    decision: str
    """`quarantine`, `extend`, `lift`, `broken`, `overdue`, `keep` or `leave`."""
    test: str
    """Spec and title."""
    signature: str
    reason: str
    failed: int
    flaky: int
    judged: int
    """The last results that passed or failed."""
    action_id: str | None
    age: int | None = None
    """The days that the test has been in quarantine."""
    ticket: str | None = None
    """The key of the issue in Jira; `wanted` before there is one, `sending` if it is unknown."""
    outcome: str | None = None
    """Once applied: `created`, `extended`, `lifted`, `ticketed`, `unchanged` or `failed`."""
    error: str | None = None
    """Why it failed."""


_TEST = Column[Decided]("test", lambda one: one.test, "path")
"""Of a long one the end is shown, which is the title."""
_DECIDED: tuple[Column[Decided], ...] = (
    Column("decision", lambda one: one.decision),
    _TEST,
    Column("reason", lambda one: one.reason, rank=1),
)
_DONE: tuple[Column[Decided], ...] = (
    Column("outcome", lambda one: one.outcome),
    _TEST,
    Column("error", lambda one: one.error),
    Column("ticket", lambda one: one.ticket, "id", rank=1),
    Column("action", lambda one: one.action_id, "id", rank=1),
)


@app.command
async def plan(
    *,
    project: Project | None = None,
    everything: Annotated[Flag, Parameter(name="--all")] = False,
    fail_on: Literal["changes"] | None = None,
    policy: Policy = POLICY,
    common: CommonOptions = COMMON,
) -> int:
    """Print which tests to put into quarantine, to let out or to mend: broken or overdue ones.

    currents-async quarantine plan

    currents-async quarantine plan --branch main --window 30d --max-age 2w --all

    Parameters
    ----------
    everything
        Print also what stays as it is, and why.
    fail_on
        With `changes`, the exit code is 6 when there is something to do.

    """
    async with common.open(Decided, _DECIDED, nothing="nothing to do") as (currents, printer):
        made = await _plan(currents, project, policy)
    printer.all(_decided(one) for one in made.decisions if everything or one.is_notable)
    return _exit.OK if made.is_empty or fail_on is None else _exit.FINDINGS


async def _plan(
    currents: "currents_async.Currents", project: str | None, policy: Policy
) -> "currents_async.QuarantinePlan":
    with progress_bar("tests", currents) as work:
        return await currents.quarantine.plan(project, policy.read(), on_progress=work.report)


@app.command
async def apply(
    *,
    project: Project | None = None,
    yes: Yes = False,
    policy: Policy = POLICY,
    ticket: Ticket = TICKET,
    common: CommonOptions = COMMON,
) -> int:
    """Print the plan on stderr, ask, and carry it out; where there is no terminal it needs --yes.

    What was done is printed. The exit code is 5 when some of it failed.

    With --installation, --jira-project and --issue-type each test that is put into quarantine gets
    an issue in Jira; one that failed is tried again by the next `quarantine apply` with them.

    currents-async quarantine apply --branch main --expires-after 30d --yes

    currents-async quarantine apply --installation ID --jira-project ID --issue-type ID

    """
    wanted = ticket.read()
    printer = Printer(Decided, _DONE, common.output, nothing="nothing to do")
    check_can_ask(yes=yes)
    async with common.connection.open() as currents:
        made = await _plan(currents, project, policy)
        for line in str(made).splitlines():
            note(line)
        if made.is_empty and not (wanted and made.to_ticket):
            printer.all(())
            return _exit.OK
        if not confirm("Carry it out?", yes=yes):
            return _exit.FAILED
        result = await made.apply(ticket=wanted)
    printer.all(_done(result))
    has_failed = result.failed or any(one.error for one in result.tickets)
    return _exit.PARTIAL if has_failed else _exit.OK


def _done(result: "currents_async.QuarantineResult") -> Iterator[Decided]:
    tickets = {one.decision.test.signature: one for one in result.tickets}
    for outcome in ("created", "extended", "lifted", "unchanged"):
        decisions: tuple[currents_async.QuarantineDecision, ...] = getattr(result, outcome)
        for decision in decisions:
            yield _with_ticket(decision, outcome, tickets.pop(decision.test.signature, None))
    for one in tickets.values():
        yield _with_ticket(one.decision, "ticketed" if one.key else "failed", one)
    for failure in result.failed:
        yield _decided(failure.decision, "failed", plain_words(failure.error))


def _with_ticket(
    decision: "currents_async.QuarantineDecision",
    outcome: str,
    ticket: "currents_async.QuarantineTicket | None",
) -> Decided:
    done = _decided(decision, outcome)
    if ticket is None:
        return done
    error = None if ticket.error is None else f"ticket: {plain_words(ticket.error)}"
    return msgspec.structs.replace(done, ticket=ticket.key, error=error)


def _decided(
    decision: "currents_async.QuarantineDecision",
    outcome: str | None = None,
    error: str | None = None,
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
        age=None if decision.age is None else decision.age.days,
        ticket=decision.ticket,
        outcome=outcome,
        error=error,
    )
