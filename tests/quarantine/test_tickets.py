from typing import Any

import msgspec
import pytest

from currents_async import (
    AmbiguousError,
    Currents,
    ForbiddenError,
    InvalidArgumentError,
    JiraTicket,
)
from currents_async._quarantine.decision import QuarantineDecision
from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.group import Quarantine
from currents_async._quarantine.rules import marker, ticket_of, with_ticket
from currents_async.models import Action
from currents_async.testing import FakeCurrents, World
from currents_async.testing._world.jira import WorldJira
from tests.quarantine.suite import POLICY, Suite, id_of

PAYS, SHIPS = "cart > pays", "cart > ships"


@pytest.fixture
def jira(world: World) -> WorldJira:
    return world.jira()


@pytest.fixture
def ticket(jira: WorldJira) -> JiraTicket:
    return JiraTicket(
        installation_id=jira.installation_id,
        project_id=jira.projects[0]["id"],
        issue_type=jira.issue_types[0]["id"],
        custom_fields={"customfield_1": "flaky"},
    )


def writes(server: FakeCurrents) -> list[str]:
    return [str(one.operation) for one in server.requests if one.method != "GET"]


async def states(currents: Currents) -> list[str | None]:
    return [ticket_of(action) for action in await currents.actions.list()]


async def test_one_for_each_test(
    server: FakeCurrents,
    currents: Currents,
    quarantine: Quarantine,
    suite: Suite,
    jira: WorldJira,
    ticket: JiraTicket,
) -> None:
    suite.play({PAYS: "F.F.~.", SHIPS: "~~~~~~"})
    plan = await quarantine.plan(policy=POLICY)
    result = await plan.apply(ticket=ticket)
    assert {one.test_id: (one.run_id, one.fields) for one in jira.issues} == {
        id_of(PAYS): ("run3", {"customfield_1": "flaky"}),  # the newest failure
        id_of(SHIPS): ("run6", {"customfield_1": "flaky"}),
    }
    keys = sorted(one.key for one in jira.issues)
    assert sorted(str(one.key) for one in result.tickets) == keys
    assert sorted(map(str, await states(currents))) == keys
    assert writes(server).count("updateAction") == 4
    for again in (plan, await quarantine.plan(policy=POLICY)):
        assert (await again.apply(ticket=ticket)).tickets == ()
    assert {one.ticket for one in again.decisions} == {*keys}
    assert len(jira.issues) == 2


async def test_only_if_asked_for(
    currents: Currents, quarantine: Quarantine, suite: Suite, jira: WorldJira, ticket: JiraTicket
) -> None:
    """A test that is in quarantine without one gets none later, unless a person wants it."""
    suite.play({PAYS: "FFFFFF"})
    await (await quarantine.plan(policy=POLICY)).apply()
    plan = await quarantine.plan(policy=POLICY)
    assert (await plan.apply(ticket=ticket)).tickets == ()
    assert (plan.to_ticket, jira.issues) == ((), [])
    [action] = await currents.actions.list()
    wanted = with_ticket(action.description or "", "wanted")
    await currents.actions.update(action.action_id, description=wanted)
    plan = await quarantine.plan(policy=POLICY)
    assert [one.kind for one in plan.to_ticket] == ["keep"]
    [done] = (await plan.apply(ticket=ticket)).tickets
    assert [done.key] == [jira.issues[0].key] == await states(currents)


@pytest.mark.parametrize("operation", ["getAction", "updateAction", "createJiraIssue", "noting"])
@pytest.mark.parametrize("fault", [403, 503, "reset", "truncate"])
async def test_whatever_fails_there_are_no_two(
    server: FakeCurrents,
    currents: Currents,
    quarantine: Quarantine,
    suite: Suite,
    jira: WorldJira,
    ticket: JiraTicket,
    operation: str,
    fault: Any,
) -> None:
    """And none is lost, unless nobody can know: then the action says so."""
    suite.play({PAYS: "FFFFFF"})
    after = int(operation == "noting")
    how: dict[str, Any] = {"status": fault} if isinstance(fault, int) else {"fault": fault}
    server.fail("updateAction" if after else operation, times=None, after=after, **how)
    plan = await quarantine.plan(policy=POLICY)
    [first] = (await plan.apply(ticket=ticket)).tickets
    assert first.error is not None
    [state] = await states(currents)
    is_unknown = isinstance(first.error, AmbiguousError) or operation == "noting"
    server.clear_faults()
    for again in (plan, await quarantine.plan(policy=POLICY)):
        await again.apply(ticket=ticket)
    assert len(jira.issues) <= 1
    [end] = await states(currents)
    if end == "sending":
        assert state == "sending"
        assert is_unknown
    else:
        assert [end] == [one.key for one in jira.issues]


async def test_what_cannot_be_noted_is_returned(
    server: FakeCurrents, quarantine: Quarantine, suite: Suite, jira: WorldJira, ticket: JiraTicket
) -> None:
    suite.play({PAYS: "FFFFFF"})
    server.fail("updateAction", status=403, after=1)
    [done] = (await (await quarantine.plan(policy=POLICY)).apply(ticket=ticket)).tickets
    assert done.key == jira.issues[0].key
    assert isinstance(done.error, ForbiddenError)


class TestLines:
    @pytest.mark.parametrize(
        ("description", "state"),
        [
            ("[currents-async ticket=SHOP-12]", "SHOP-12"),
            ("a\r\n[currents-async ticket=wanted]\r\nb", "wanted"),
            ("[currents-async ticket=a]\n[currents-async ticket=b]", None),
            ("see [currents-async ticket=SHOP-12]", None),
            ("[currents-async ticket=]", None),
            (None, None),
        ],
    )
    def test_how_a_ticket_stands(self, description: str | None, state: str | None) -> None:
        action = Action(action_id="a", description=description)
        assert ticket_of(action) == state
        test = ExaminedTest(signature="s")
        decision = QuarantineDecision(kind="keep", test=test, reason="", action=action)
        assert decision.ticket == state

    def test_it_changes_nothing_else(self) -> None:
        described = f"Why.\n{marker('default', 's')}"
        wanted = with_ticket(described, "wanted")
        assert wanted == f"{described}\n[currents-async ticket=wanted]"
        assert with_ticket(wanted, "A-1") == f"{described}\n[currents-async ticket=A-1]"


@pytest.mark.parametrize("name", ["installation_id", "project_id", "issue_type"])
def test_an_empty_id(name: str, ticket: JiraTicket) -> None:
    with pytest.raises(InvalidArgumentError, match=f"JiraTicket.{name} must not be empty"):
        msgspec.structs.replace(ticket, **{name: ""})
