import io
import json
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine

ACTION = {
    "name": "Checkout is flaky",
    "action": [{"op": "quarantine"}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "checkout.spec.ts"}]},
    "expiresAfter": "2030-01-31",
}
SPAN = ("--since", "2026-01-01", "--until", "2026-02-01")


class TestActions:
    @pytest.fixture
    def action_id(
        self, project: WorldProject, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> str:
        (tmp_path / "action.json").write_text(json.dumps(ACTION))
        [created] = cli("actions", "create", str(tmp_path / "action.json")).rows
        assert {name: created[name] for name in ("name", "action")} == {
            "name": ACTION["name"],
            "action": [{"op": "quarantine", "details": None}],
        }
        return str(created["actionId"])

    def test_disable_enable_and_delete(
        self, action_id: str, service: FakeCurrents, cli: CommandLine
    ) -> None:
        for command, status in (("disable", "disabled"), ("enable", "active"), ("get", "active")):
            rows = cli("actions", command, action_id, "--fields", "status").rows
            assert rows == [{"status": status}]
        rows = cli("actions", "delete", action_id, "--yes").rows
        assert rows == [{"actionId": action_id, "archived": True}]
        rows = cli("actions", "list", "--status", "archived", "--fields", "actionId").rows
        assert rows == [{"actionId": action_id}]
        assert cli("actions", "list", "--status", "active").rows == []

    def test_create_from_stdin_with_the_output_of_get(
        self, action_id: str, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = cli("actions", "get", action_id, "-o", "json").out.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        [copied] = cli("actions", "create", "-", "--fields", "matcher").rows
        assert copied["matcher"] == json.loads(text)["matcher"]

    def test_update_changes_what_is_given(
        self, action_id: str, cli: CommandLine, tmp_path: Path
    ) -> None:
        path = tmp_path / "changes.json"
        path.write_text('{"name": "Still flaky", "expiresAfter": null}')
        [updated] = cli("actions", "update", action_id, str(path)).rows
        assert (updated["name"], updated["expiresAfter"]) == ("Still flaky", None)
        assert updated["matcher"]["cond"][0]["value"] == "checkout.spec.ts"
        path.write_text('{"matcher": 1}')
        assert "changes.json: " in cli("actions", "update", action_id, str(path), code=2).err
        path.write_text("{}")
        cli("actions", "update", action_id, str(path), code=2)

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
    def test_invalid_json_of_an_action(
        self, service: FakeCurrents, tmp_path: Path, cli: CommandLine, text: str
    ) -> None:
        (tmp_path / "action.json").write_text(text)
        assert "action.json" in cli("actions", "create", str(tmp_path / "action.json"), code=2).err
        assert service.requests == []

    def test_a_missing_file(self, service: FakeCurrents, tmp_path: Path) -> None:
        assert run(["actions", "create", str(tmp_path / "none.json")]) == 1


class TestAffected:
    @pytest.fixture
    def action_id(self, two_runs: list[WorldRun], tmp_path: Path, cli: CommandLine) -> str:
        """An action that affects every test of the runs."""
        matcher = {"op": "AND", "cond": [{"type": "git_branch", "op": "eq", "value": "main"}]}
        path = tmp_path / "action.json"
        path.write_text(json.dumps({**ACTION, "matcher": matcher}))
        return str(cli("actions", "create", str(path)).rows[0]["actionId"])

    def test_tests_and_their_executions(
        self, action_id: str, service: FakeCurrents, cli: CommandLine
    ) -> None:
        filters = ("--action", action_id, "--effect", "quarantine", "--status", "active")
        [test] = cli("actions", "tests", *SPAN, *filters, "--limit", "1").rows
        by_test = cli("actions", "executions", "--signature", test["signature"], *SPAN).rows
        by_action = cli("actions", "executions", action_id, *SPAN).rows
        assert {one["signature"] for one in by_test} == {test["signature"]}
        assert len(by_action) > len(by_test) > 0

    @pytest.mark.parametrize(
        "arguments", [[], ["a", "--signature", "s"], ["a", "--project", "p"]], ids=" ".join
    )
    def test_executions_of_one_thing(self, service: FakeCurrents, arguments: list[str]) -> None:
        assert run(["actions", "executions", *arguments]) == 2
        assert service.requests == []
