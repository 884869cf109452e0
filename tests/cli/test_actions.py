import io
import json
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine

ACTION = {
    "name": "Checkout is flaky",
    "action": [{"op": "quarantine"}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "checkout.spec.ts"}]},
    "expiresAfter": "2030-01-31",
}


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
