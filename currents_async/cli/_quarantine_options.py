"""The options of `quarantine`: the policy, and the tickets."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

import currents_async
from currents_async.cli._jira import read_custom_fields
from currents_async.cli._moments import read_span
from currents_async.cli._options import Count, Flag, Several
from currents_async.errors import InvalidArgumentError

Share = Annotated[float, Parameter(validator=Number(gt=0, lte=1))]


@Parameter(name="*", group="Policy")
@dataclass(frozen=True, kw_only=True)
class Policy:
    """Which tests belong in quarantine."""

    name: str = "default"
    """Policies of other names look after actions of their own."""
    branch: Several[str] = ()
    """Only results of this branch count; several can be given."""
    window: str = "14d"
    """How far back results count."""
    min_executions: Count = 10
    """A test with fewer executions is not judged."""
    failure_rate: Share = 0.2
    """The share of failures from which on a test is put into quarantine."""
    flakiness_rate: Share = 0.2
    """The share of flaky passes from which on a test is put into quarantine."""
    broken_after: Annotated[int, Parameter(validator=Number(gte=0))] = 5
    """How many failures in a row make a test broken, which is named but not put into quarantine;
    with 0, it is treated as any other."""
    last_results: Count = 20
    """How many of the newest results of a test have to confirm it."""
    lift_after: Count = 10
    """How many clean passes in a row let a test out."""
    most: Annotated[int, Parameter(validator=Number(gte=0))] = 20
    """How many tests may be in quarantine at once; with 0, tests are only let out."""
    expires_after: str | None = None
    """How long an action applies that is created, for example 30d; by default for ever."""
    max_age: str = "30d"
    """After how long in quarantine a test is named as overdue."""
    lift_overdue: Flag = False
    """Let out the tests that are overdue: their actions are disabled, and their failures count."""

    def read(self) -> "currents_async.QuarantinePolicy":
        """Return the policy as the library takes it."""
        expires = self.expires_after
        return currents_async.QuarantinePolicy(
            name=self.name,
            branches=self.branch,
            window=read_span("--window", self.window),
            min_executions=self.min_executions,
            failure_rate=self.failure_rate,
            flakiness_rate=self.flakiness_rate,
            broken_after=self.broken_after or None,
            last_results=self.last_results,
            lift_after=self.lift_after,
            max_tests=self.most,
            expires_after=None if expires is None else read_span("--expires-after", expires),
            max_age=read_span("--max-age", self.max_age),
            lift_overdue=self.lift_overdue,
        )


POLICY = Policy()


@Parameter(name="*", group="Tickets")
@dataclass(frozen=True, kw_only=True)
class Ticket:
    """The issues to create in Jira for tests that are put into quarantine; none by default."""

    installation: str | None = None
    """The ID of the Jira installation."""
    jira_project: str | None = None
    """The ID of the project in Jira, as `jira projects` prints it."""
    issue_type: str | None = None
    """The ID of the type of issue, as `jira issue-types` prints it."""
    field: Several[str] = ()
    """ID=VALUE, a custom field of the issues; several can be given."""

    def read(self) -> "currents_async.JiraTicket | None":
        """Return what the library takes; None if no ticket is asked for."""
        if not (self.installation or self.jira_project or self.issue_type or self.field):
            return None
        if not (self.installation and self.jira_project and self.issue_type):
            raise InvalidArgumentError(
                "a ticket needs all of --installation, --jira-project and --issue-type"
            )
        return currents_async.JiraTicket(
            installation_id=self.installation,
            project_id=self.jira_project,
            issue_type=self.issue_type,
            custom_fields=read_custom_fields(self.field),
        )


TICKET = Ticket()
