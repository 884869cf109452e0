"""A plan, and the result of carrying it out."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

import msgspec

from currents_async._fanout.pool import for_each, outcome_of
from currents_async._quarantine.action_store import ActionStore
from currents_async._quarantine.covering import cover_of
from currents_async._quarantine.decision import (
    OwnActions,
    QuarantineDecision,
    covers,
    current_actions,
)
from currents_async._quarantine.rules import WANTED
from currents_async._quarantine.tickets import JiraTicket, QuarantineTicket
from currents_async.errors import CurrentsError
from currents_async.models._brief import Brief
from currents_async.models.actions import Action, QuarantineKind

_WRITES_AT_ONCE = 4


class QuarantineFailure(Brief, frozen=True, kw_only=True):
    """A decision that could not be carried out."""

    decision: QuarantineDecision
    error: CurrentsError


class QuarantineResult(Brief, frozen=True, kw_only=True):
    """The outcome of the decisions of a plan that change something."""

    created: tuple[QuarantineDecision, ...] = ()
    """Each with its new action."""
    extended: tuple[QuarantineDecision, ...] = ()
    """Each with its action as it is now."""
    lifted: tuple[QuarantineDecision, ...] = ()
    unchanged: tuple[QuarantineDecision, ...] = ()
    """Already done, or overridden by a person meanwhile."""
    failed: tuple[QuarantineFailure, ...] = ()
    """These did not stop the others. What still has to be done is in the next plan."""
    tickets: tuple[QuarantineTicket, ...] = ()
    """Those that were wanted and have been created, or have failed."""


class _Done(NamedTuple):
    outcome: Literal["created", "extended", "lifted", "unchanged", "failed"]
    decision: QuarantineDecision
    error: CurrentsError | None = None


class QuarantinePlan:
    """What there is to do, and why; nothing is done before `apply`.

    `str(plan)` is a summary, and a line for each change and for each test that is broken or
    overdue.
    """

    decisions: tuple[QuarantineDecision, ...]
    """All decisions, those to change nothing included: changes first, then the worst tests."""

    def __init__(self, decisions: tuple[QuarantineDecision, ...], store: ActionStore) -> None:
        self.decisions = decisions
        self._store = store
        self._created: set[str] = set()
        """The signatures of tests that this plan has created an action for."""
        self._lock = asyncio.Lock()

    @property
    def to_quarantine(self) -> tuple[QuarantineDecision, ...]:
        """The tests to put into quarantine, the worst first."""
        return self._of("quarantine")

    @property
    def to_extend(self) -> tuple[QuarantineDecision, ...]:
        """The tests whose quarantine is to cover more Playwright projects."""
        return self._of("extend")

    @property
    def to_lift(self) -> tuple[QuarantineDecision, ...]:
        """The actions to archive or disable, which lets their tests out of quarantine."""
        return self._of("lift")

    @property
    def broken(self) -> tuple[QuarantineDecision, ...]:
        """The tests that always fail, which no quarantine is to silence."""
        return self._of("broken")

    @property
    def overdue(self) -> tuple[QuarantineDecision, ...]:
        """The tests that have been in quarantine for longer than the policy's `max_age`."""
        return self._of("overdue")

    @property
    def to_ticket(self) -> tuple[QuarantineDecision, ...]:
        """The tests in quarantine whose ticket was wanted, but could not be created so far."""
        return tuple(
            one
            for one in self.decisions
            if one.kind in {"extend", "keep", "overdue"} and one.ticket == WANTED
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(decision.is_change for decision in self.decisions)

    async def apply(self, *, ticket: JiraTicket | None = None) -> QuarantineResult:
        """Carry out the changes that have not been made already.

        With a `ticket`, each test that is put into quarantine gets an issue in Jira, about its
        newest failure, whose key is noted in a line of the action's description. One that has
        failed is tried again by the next `apply` with a `ticket`, also of another plan; but not if
        it may have been created: the line then says `sending`, until a person changes it.

        Actions are listed again first: a change that has been made already is not written again,
        and what others have disabled, archived or taken over meanwhile stays as it is. So applying
        a plan twice, or in two processes, changes nothing more. A write that fails does not stop
        the others. Raises `ClientClosedError`, and, before anything is written, the error of
        listing the actions.
        """
        changes = [decision for decision in self.decisions if decision.is_change]
        async with self._lock:
            actions = await self._store.read() if changes or ticket else []
            own = current_actions(actions, self._store.policy.name)
            carry_out = partial(self._carry_out, actions, own, ticket)
            done = await for_each(changes, carry_out, concurrency=_WRITES_AT_ONCE)
            return _result(done, await self._create_tickets(own, done, ticket))

    async def _create_tickets(
        self,
        own: Mapping[str, OwnActions],
        done: Iterable[_Done],
        ticket: JiraTicket | None,
    ) -> Sequence[QuarantineTicket]:
        if ticket is None:
            return ()
        created = [one.decision for one in done if one.outcome == "created"]
        kept = (
            msgspec.structs.replace(one, action=own[one.test.signature].active[0])
            for one in self.decisions
            if one.kind != "lift" and own.get(one.test.signature, OwnActions()).active
        )
        wanted = [one for one in kept if one.ticket == WANTED]
        create = self._store.tickets(ticket).create
        outcomes = await for_each([*created, *wanted], create, concurrency=_WRITES_AT_ONCE)
        return [one for one in outcomes if one is not None]

    async def _carry_out(
        self,
        actions: Sequence[Action],
        own_by_signature: Mapping[str, OwnActions],
        ticket: JiraTicket | None,
        decision: QuarantineDecision,
    ) -> _Done:
        own = own_by_signature.get(decision.test.signature, OwnActions())
        match decision.kind:
            case "quarantine":
                change = self._quarantine(decision, own, actions, ticket)
            case "extend":
                change = self._extend(decision, own)
            case _:
                change = self._lift(decision, own)
        outcome = await outcome_of(change)
        if isinstance(outcome, CurrentsError):
            return _Done("failed", decision, outcome)
        return outcome

    async def _quarantine(
        self,
        decision: QuarantineDecision,
        own: OwnActions,
        actions: Sequence[Action],
        ticket: JiraTicket | None,
    ) -> _Done:
        signature = decision.test.signature
        # An action that this plan created and that is gone has been removed by a person.
        if own.active or own.inactive or signature in self._created:
            return _Done("unchanged", decision)
        cover = cover_of(decision.test, actions)
        if cover is not None and cover.is_certain:
            return _Done("unchanged", decision)
        action = await self._store.create(decision, ticket)
        self._created.add(signature)
        return _Done("created", msgspec.structs.replace(decision, action=action))

    async def _extend(self, decision: QuarantineDecision, own: OwnActions) -> _Done:
        action = _still_active(decision, own)
        if action is None or covers(action, decision.test_ids):
            return _Done("unchanged", decision)
        action = await self._store.extend(action, decision)
        return _Done("extended", msgspec.structs.replace(decision, action=action))

    async def _lift(self, decision: QuarantineDecision, own: OwnActions) -> _Done:
        action = _still_active(decision, own)
        if action is None or not await self._store.lift(action, stays_out=decision.stays_out):
            return _Done("unchanged", decision)
        return _Done("lifted", decision)

    def _of(self, kind: QuarantineKind) -> tuple[QuarantineDecision, ...]:
        return tuple(decision for decision in self.decisions if decision.kind == kind)

    def __str__(self) -> str:
        notable = [one for one in self.decisions if one.is_notable]
        lines = (f"  {one.kind} {one.label}: {one.reason}" for one in notable)
        return "\n".join([self._summary, *lines])

    def __repr__(self) -> str:
        return f"<QuarantinePlan: {self._summary}>"

    @property
    def _summary(self) -> str:
        counts = ", ".join(
            f"{len(self._of(kind))} {kind if kind in {'broken', 'overdue'} else f'to {kind}'}"
            for kind in get_args(QuarantineKind)
        )
        return f"{self._store.policy.name!r} in project {self._store.project_id}: {counts}"


def _still_active(decision: QuarantineDecision, own: OwnActions) -> Action | None:
    """Return the current action of a decision; None if it is no longer ours to change."""
    planned = None if decision.action is None else decision.action.action_id
    return next((action for action in own.active if action.action_id == planned), None)


def _result(done: Sequence[_Done], tickets: Iterable[QuarantineTicket]) -> QuarantineResult:
    decisions: dict[str, tuple[QuarantineDecision, ...]] = {
        outcome: tuple(one.decision for one in done if one.outcome == outcome)
        for outcome in ("created", "extended", "lifted", "unchanged")
    }
    failed = (
        QuarantineFailure(decision=one.decision, error=one.error)
        for one in done
        if one.error is not None
    )
    return QuarantineResult(**decisions, failed=tuple(failed), tickets=tuple(tickets))
