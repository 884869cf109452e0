"""A plan, and what comes of carrying it out."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

import anyio
import msgspec

from currents_async._quarantine.decide import (
    QuarantineDecision,
    Standing,
    covers,
)
from currents_async._quarantine.each import for_each
from currents_async._quarantine.ledger import Ledger
from currents_async.errors import ClientClosedError, CurrentsError, WrongLoopError
from currents_async.models.actions import Action, QuarantineKind

_WRITES_AT_ONCE = 4


class QuarantineFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that could not be carried out."""

    decision: QuarantineDecision
    error: CurrentsError


class QuarantineResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the decisions of a plan that change something."""

    created: tuple[QuarantineDecision, ...] = ()
    """Each with the action that there is now."""
    extended: tuple[QuarantineDecision, ...] = ()
    """Likewise."""
    lifted: tuple[QuarantineDecision, ...] = ()
    unchanged: tuple[QuarantineDecision, ...] = ()
    """It was so already, or somebody has decided otherwise meanwhile."""
    failed: tuple[QuarantineFailure, ...] = ()
    """The others were carried out all the same. What still has to be done is in the next plan."""


class _Done(NamedTuple):
    """What became of a decision."""

    outcome: Literal["created", "extended", "lifted", "unchanged", "failed"]
    decision: QuarantineDecision
    error: CurrentsError | None = None


class QuarantinePlan:
    """What there is to do, and why; nothing of it is done before `apply`.

    `str` of it is a summary, and a line for each change.
    """

    decisions: tuple[QuarantineDecision, ...]
    """Everything that was decided, also to change nothing: changes first, then the worst tests."""

    def __init__(self, decisions: tuple[QuarantineDecision, ...], ledger: Ledger) -> None:
        self.decisions = decisions
        self._ledger = ledger
        self._created: set[str] = set()
        """The signatures of tests that this plan has created an action for."""
        self._turn = anyio.Lock()

    @property
    def to_quarantine(self) -> tuple[QuarantineDecision, ...]:
        """The tests to put into quarantine, the worst first."""
        return self._of("quarantine")

    @property
    def to_extend(self) -> tuple[QuarantineDecision, ...]:
        """The tests whose quarantine is to hold in more Playwright projects."""
        return self._of("extend")

    @property
    def to_lift(self) -> tuple[QuarantineDecision, ...]:
        """The actions to archive, which lets their tests out of quarantine."""
        return self._of("lift")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(decision.is_change for decision in self.decisions)

    async def apply(self) -> QuarantineResult:
        """Do what there is to do, as far as it is not done already.

        Actions are listed again first: what is so already is not written, and what others have
        disabled, archived or taken over meanwhile is left to them. So applying a plan twice, or in
        two processes, changes nothing more. A write that fails does not stop the others. Raises
        when actions cannot be listed, before anything is written, and `ClientClosedError`.
        """
        changes = [decision for decision in self.decisions if decision.is_change]
        async with self._turn:
            standing = await self._ledger.standing() if changes else {}
            carry_out = partial(self._carry_out, standing)
            return _result(await for_each(changes, carry_out, concurrency=_WRITES_AT_ONCE))

    async def _carry_out(
        self, standing: Mapping[str, Standing], decision: QuarantineDecision
    ) -> _Done:
        own = standing.get(decision.test.signature, Standing())
        try:
            if decision.kind == "quarantine":
                return await self._quarantine(decision, own)
            if decision.kind == "extend":
                return await self._extend(decision, own)
            return await self._lift(decision, own)
        except (ClientClosedError, WrongLoopError):
            raise  # about the client, not about this test
        except CurrentsError as error:
            return _Done("failed", decision, error)

    async def _quarantine(self, decision: QuarantineDecision, own: Standing) -> _Done:
        signature = decision.test.signature
        # What was created and is gone again, somebody wanted to be gone.
        if own.active or own.resting or signature in self._created:
            return _Done("unchanged", decision)
        action = await self._ledger.create(decision)
        self._created.add(signature)
        return _Done("created", msgspec.structs.replace(decision, action=action))

    async def _extend(self, decision: QuarantineDecision, own: Standing) -> _Done:
        action = _still_active(decision, own)
        if action is None or covers(action, decision.test_ids):
            return _Done("unchanged", decision)
        action = await self._ledger.extend(action, decision)
        return _Done("extended", msgspec.structs.replace(decision, action=action))

    async def _lift(self, decision: QuarantineDecision, own: Standing) -> _Done:
        action = _still_active(decision, own)
        if action is None or not await self._ledger.archive(action):
            return _Done("unchanged", decision)
        return _Done("lifted", decision)

    def _of(self, kind: QuarantineKind) -> tuple[QuarantineDecision, ...]:
        return tuple(decision for decision in self.decisions if decision.kind == kind)

    def __str__(self) -> str:
        changes = [decision for decision in self.decisions if decision.is_change]
        lines = (f"  {one.kind} {one.label}: {one.reason}" for one in changes)
        return "\n".join([self._summary, *lines])

    def __repr__(self) -> str:
        return f"<QuarantinePlan: {self._summary}>"

    @property
    def _summary(self) -> str:
        counts = ", ".join(f"{len(self._of(kind))} to {kind}" for kind in get_args(QuarantineKind))
        return f"{self._ledger.policy.name!r} in project {self._ledger.project_id}: {counts}"


def _still_active(decision: QuarantineDecision, own: Standing) -> Action | None:
    """Return the action of a decision as it is now; None when it is no longer ours to change."""
    planned = None if decision.action is None else decision.action.action_id
    return next((action for action in own.active if action.action_id == planned), None)


def _result(done: Sequence[_Done]) -> QuarantineResult:
    of: dict[str, list[QuarantineDecision]] = {}
    for one in done:
        of.setdefault(one.outcome, []).append(one.decision)
    return QuarantineResult(
        created=tuple(of.get("created", ())),
        extended=tuple(of.get("extended", ())),
        lifted=tuple(of.get("lifted", ())),
        unchanged=tuple(of.get("unchanged", ())),
        failed=tuple(
            QuarantineFailure(decision=one.decision, error=one.error)
            for one in done
            if one.error is not None
        ),
    )
