import json
from datetime import UTC, datetime, timedelta

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.cli.stdio import CommandLine, Typing
from tests.quarantine.suite import Suite, id_of

WINDOW = ("--window", "2000w")


class TestQuarantine:
    @pytest.fixture
    def suite(self, world: World, project: WorldProject, service: FakeCurrents) -> Suite:
        suite = Suite(world, project)
        suite.play({"pays": "F.F.FF.F.F.F", "is well": "." * 12})
        return suite

    def test_plan_and_apply(self, suite: Suite, service: FakeCurrents, cli: CommandLine) -> None:
        [planned] = cli("quarantine", "plan", *WINDOW).rows
        assert planned["decision"] == "quarantine"
        assert planned["signature"] == suite.signature("pays")
        cli("quarantine", "plan", *WINDOW, "--fail-on", "changes", code=6)
        out, err = cli("quarantine", "apply", *WINDOW, "--yes")
        done = json.loads(out)
        assert done["outcome"] == "created"
        assert "1 to quarantine" in err
        action = service.world.actions[done["actionId"]]
        assert id_of("pays") in json.dumps(action.payload(0))
        cli("quarantine", "plan", *WINDOW, "--fail-on", "changes")
        rows = cli("quarantine", "plan", *WINDOW, "--all", "--fields", "decision").rows
        assert {"decision": "keep"} in rows

    def test_what_is_overdue(self, suite: Suite, service: FakeCurrents, cli: CommandLine) -> None:
        [made] = cli("quarantine", "apply", *WINDOW, "--yes").rows
        long_ago = (datetime.now(UTC) - timedelta(days=40)).isoformat()
        service.world.actions[str(made["actionId"])].history["createdAt"] = long_ago
        assert cli("quarantine", "plan", *WINDOW, "--max-age", "6w").out == ""
        [overdue] = cli("quarantine", "plan", *WINDOW).rows
        assert (overdue["decision"], overdue["age"]) == ("overdue", 40)
        out, err = cli("quarantine", "apply", *WINDOW, "--lift-overdue", "--yes")
        assert json.loads(out)["outcome"] == "lifted"
        assert "1 to lift" in err

    def test_tickets(self, suite: Suite, service: FakeCurrents, cli: CommandLine) -> None:
        """One that is refused is created by the next command."""
        jira = service.world.jira()
        kind = ("--issue-type", jira.issue_types[0]["id"], "--field", "f1=a")
        options = ("--installation", jira.installation_id, "--jira-project", "10001", *kind)
        apply = ("quarantine", "apply", *WINDOW, "--yes", *options)
        service.fail("createJiraIssue", status=403)
        [created] = cli(*apply, code=5).rows
        assert (created["outcome"], created["ticket"]) == ("created", None)
        assert str(created["error"]).startswith("ticket: ")
        rows = cli("quarantine", "plan", *WINDOW, "--all", "--fields", "decision,ticket").rows
        assert {"decision": "keep", "ticket": "wanted"} in rows
        [ticketed] = cli(*apply).rows
        assert (ticketed["outcome"], ticketed["ticket"]) == ("ticketed", jira.issues[0].key)
        assert jira.issues[0].fields == {"f1": "a"}
        assert cli(*apply).rows == []

    @pytest.mark.parametrize(
        "options",
        [["--installation", "a"], ["--jira-project", "a", "--issue-type", "b"], ["--field", "a=b"]],
        ids=" ".join,
    )
    def test_a_ticket_needs_all_ids(
        self, service: FakeCurrents, cli: CommandLine, options: list[str]
    ) -> None:
        err = cli("quarantine", "apply", "--yes", *options, code=2).err
        assert "needs all of --installation, --jira-project and --issue-type" in err
        assert service.requests == []

    def test_failures_are_reported(
        self, suite: Suite, service: FakeCurrents, cli: CommandLine
    ) -> None:
        service.fail("createAction", status=403)
        [failed] = cli("quarantine", "apply", *WINDOW, "--yes", code=5).rows
        assert failed["outcome"] == "failed"
        assert "403" in str(failed["error"])

    def test_an_empty_plan_needs_no_confirmation(
        self, suite: Suite, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing(""))
        assert "[y/N]" not in cli("quarantine", "apply", *WINDOW, "--most", "0").err

    def test_no_stops_a_quarantine_plan(
        self, suite: Suite, service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing("no\n"))
        out, err = cli("quarantine", "apply", *WINDOW, code=1)
        assert out == ""
        assert err.endswith("Carry it out? [y/N] nothing was done\n")
        assert {request.method for request in service.requests} == {"GET"}

    @pytest.mark.parametrize(
        "options",
        [["--window", "x"], ["--failure-rate", "2"], ["--lift-after", "99"], ["--name", "a b"]],
        ids=" ".join,
    )
    def test_invalid_policies(self, service: FakeCurrents, options: list[str]) -> None:
        assert run(["quarantine", "plan", *options]) == 2
        assert service.requests == []
