"""`actions`."""

import io
import json
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import rows

ACTION = {
    "name": "Checkout is flaky",
    "action": [{"op": "quarantine"}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "checkout.spec.ts"}]},
    "expiresAfter": "2030-01-31",
}


class TestActions:
    @pytest.fixture
    def action_id(
        self,
        project: WorldProject,
        service: FakeCurrents,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> str:
        (tmp_path / "action.json").write_text(json.dumps(ACTION))
        assert run(["actions", "create", str(tmp_path / "action.json")]) == 0
        [created] = rows(capsys)
        assert {name: created[name] for name in ("name", "action")} == {
            "name": ACTION["name"],
            "action": [{"op": "quarantine", "details": None}],
        }
        return str(created["actionId"])

    def test_disable_enable_and_delete(
        self, action_id: str, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for command, status in (("disable", "disabled"), ("enable", "active"), ("get", "active")):
            assert run(["actions", command, action_id, "--fields", "status"]) == 0
            assert rows(capsys) == [{"status": status}]
        assert run(["actions", "delete", action_id, "--yes"]) == 0
        assert rows(capsys) == [{"actionId": action_id, "archived": True}]
        assert run(["actions", "list", "--status", "archived", "--fields", "actionId"]) == 0
        assert rows(capsys) == [{"actionId": action_id}]
        assert run(["actions", "list", "--status", "active"]) == 0
        assert rows(capsys) == []

    def test_create_from_stdin_with_the_output_of_get(
        self, action_id: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert run(["actions", "get", action_id, "-o", "json"]) == 0
        text = capsys.readouterr().out.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        assert run(["actions", "create", "-", "--fields", "matcher"]) == 0
        [copied] = rows(capsys)
        assert copied["matcher"] == json.loads(text)["matcher"]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
    def test_invalid_json_of_an_action(
        self, service: FakeCurrents, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
    ) -> None:
        (tmp_path / "action.json").write_text(text)
        assert run(["actions", "create", str(tmp_path / "action.json")]) == 2
        assert "action.json" in capsys.readouterr().err
        assert service.requests == []

    def test_a_missing_file(self, service: FakeCurrents, tmp_path: Path) -> None:
        assert run(["actions", "create", str(tmp_path / "none.json")]) == 1
