"""Tickets in Jira for tests in quarantine: one for each, whatever fails on the way.

The API cannot say which tickets there are, so the description of the action does, in a line: the
ticket is `wanted`; or it is `sending`, from before the request until its response; or it has a key.
Only what is wanted is requested. If it is unknown whether a request was carried out, the line stays
as it is, until a person who has looked in Jira writes the key, or `wanted`, in its place.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from currents_async._checks import check_text
from currents_async._quarantine.decision import QuarantineDecision
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async._quarantine.rules import WANTED, ticket_of, with_ticket
from currents_async._resources.actions import Actions
from currents_async._resources.jira import Jira
from currents_async.errors import AmbiguousError, CurrentsError, DecodeError
from currents_async.models._brief import Brief
from currents_async.models.actions import Action

_SENDING = "sending"
_KEY = re.compile("[A-Za-z0-9_-]+")


class JiraTicket(msgspec.Struct, frozen=True, kw_only=True):
    """The tickets to create in Jira when tests are put into quarantine.

    Raises `InvalidArgumentError` for an ID that is empty.
    """

    installation_id: str
    """The installation's ID in the dashboard of the service."""
    project_id: str
    """The ID of the project in Jira: see `jira.projects`."""
    issue_type: str
    """The ID of the type of issue: see `jira.issue_types`."""
    custom_fields: Mapping[str, str] | None = None
    """Values by the IDs of the fields."""

    def __post_init__(self) -> None:
        check_text("JiraTicket.installation_id", self.installation_id)
        check_text("JiraTicket.project_id", self.project_id, max_length=128)
        check_text("JiraTicket.issue_type", self.issue_type)


class QuarantineTicket(Brief, frozen=True, kw_only=True):
    """What became of the ticket for a test in quarantine."""

    decision: QuarantineDecision
    key: str | None = None
    """The key of the issue, or its ID if the service sends no key; None if none was created, or
    that is not known."""
    error: CurrentsError | None = None
    """An `AmbiguousError` or `DecodeError` if the ticket may have been created, which is then not
    tried again; after any other, the next `apply` does so. With a key, it could not be noted in the
    action."""


class Tickets:
    """Creates tickets, and notes them in actions."""

    def __init__(
        self, actions: Actions, jira: Jira, *, project_id: str, ticket: JiraTicket
    ) -> None:
        self._actions = actions
        self._jira = jira
        self._project_id = project_id
        self._ticket = ticket

    async def create(self, decision: QuarantineDecision) -> QuarantineTicket | None:
        """Create the ticket that is wanted for the action of a decision; None if it is not."""
        about = _worst(decision.test)
        if decision.action is None or about is None:
            return None
        key = None
        try:
            action = await self._actions.get(decision.action.action_id)
            if not action.is_active or ticket_of(action) != WANTED:
                return None
            await self._note(action, _SENDING)
            key = await self._send(action, about)
            await self._note(action, key)
        except CurrentsError as error:
            return QuarantineTicket(decision=decision, key=key, error=error)
        return QuarantineTicket(decision=decision, key=key)

    async def _send(self, action: Action, about: ExaminedResult) -> str:
        try:
            issue = await self._jira.create_issue(
                run_id=about.run_id or "",
                test_id=about.test_id,
                jira_installation_id=self._ticket.installation_id,
                jira_project_id=self._ticket.project_id,
                jira_issue_type=self._ticket.issue_type,
                custom_fields=self._ticket.custom_fields,
                project_id=self._project_id,
            )
        except (AmbiguousError, DecodeError):
            raise
        except CurrentsError:
            await self._note(action, WANTED)
            raise
        key = issue.key or issue.id or "created"
        return key if _KEY.fullmatch(key) else "created"

    async def _note(self, action: Action, state: str) -> None:
        noted = with_ticket(action.description or "", state)
        # Noting the same twice does no harm.
        await self._actions.update(action.action_id, description=noted, retry_ambiguous=True)


def _worst(test: ExaminedTest) -> ExaminedResult | None:
    """Return the newest failure, else the newest flaky result, else the newest of any kind."""
    known: Sequence[ExaminedResult] = [one for one in test.results if one.run_id and one.test_id]
    return max(known, key=lambda one: (one.failed, one.flaky), default=None)
