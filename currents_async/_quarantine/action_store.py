"""The actions of a project that a policy reads and writes."""

from datetime import UTC, datetime

from currents_async._clock import Clock
from currents_async._quarantine.decision import OwnActions, QuarantineDecision, current_actions
from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import (
    WANTED,
    description_of,
    matcher_for,
    name_of,
    with_ticket,
)
from currents_async._quarantine.tickets import JiraTicket, Tickets
from currents_async._resources.actions import Actions
from currents_async._resources.jira import Jira
from currents_async.errors import AmbiguousError, CurrentsError, DecodeError, NotFoundError
from currents_async.models.actions import Action, Effect


class ActionStore:
    """Reads all current actions of a project, and writes those of a policy.

    Every method raises what the methods of `actions` raise.
    """

    def __init__(
        self,
        actions: Actions,
        jira: Jira,
        *,
        project_id: str,
        policy: QuarantinePolicy,
        clock: Clock,
    ) -> None:
        self.project_id = project_id
        self.policy = policy
        self._actions = actions
        self._jira = jira
        self._clock = clock

    async def read(self) -> list[Action]:
        """Fetch all actions that are neither archived nor expired."""
        return await self._actions.list(self.project_id, status=("active", "disabled"))

    async def read_own(self) -> dict[str, OwnActions]:
        """Fetch those of our policy, by the signatures of their tests."""
        return current_actions(await self.read(), self.policy.name)

    async def create(self, decision: QuarantineDecision, ticket: JiraTicket | None) -> Action:
        """Put a test without an action of ours into quarantine; never twice."""
        description = description_of(decision.test.signature, decision.reason, self.policy)
        if ticket is not None:
            description = with_ticket(description, WANTED)
        test, lasts = decision.test, self.policy.expires_after
        now = datetime.fromtimestamp(self._clock.wall(), UTC)
        try:
            return await self._actions.create(
                name_of(test),
                action=[Effect.quarantine()],
                matcher=matcher_for(test.spec, decision.test_ids),
                description=description,
                expires_after=None if lasts is None else now + lasts,
                project_id=self.project_id,
            )
        except (AmbiguousError, DecodeError):
            created = await self._find(test)
            if created is None:
                raise
            return created

    def tickets(self, ticket: JiraTicket) -> Tickets:
        """Return what creates tickets for actions."""
        return Tickets(self._actions, self._jira, project_id=self.project_id, ticket=ticket)

    async def _find(self, test: ExaminedTest) -> Action | None:
        """Return the action for a test, if it was created after all."""
        try:
            own = await self.read_own()
        except CurrentsError:
            return None
        active = own.get(test.signature, OwnActions()).active
        return active[0] if active else None

    async def extend(self, action: Action, decision: QuarantineDecision) -> Action:
        """Make an action match more test IDs."""
        matcher = matcher_for(decision.test.spec, decision.test_ids)
        # Sending the same matcher twice does no harm.
        return await self._actions.update(action.action_id, matcher=matcher, retry_ambiguous=True)

    async def lift(self, action: Action, *, stays_out: bool) -> bool:
        """Let a test out of quarantine; return False if its action is already gone."""
        end = self._actions.disable if stays_out else self._actions.delete
        try:
            await end(action.action_id)
        except NotFoundError:
            return False
        return True
