"""The commands that change something, and what keeps them from doing so by accident."""

import io
import json
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.quarantine.suite import Suite, id_of

ACTION = {
    "name": "Checkout is flaky",
    "action": [{"op": "quarantine"}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "checkout.spec.ts"}]},
    "expiresAfter": "2030-01-31",
}
WINDOW = ("--window", "2000w")
SECRET = "hook-secret-7f3a"


def answered(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Typing(io.StringIO):
    """A terminal on which somebody has typed an answer."""

    def isatty(self) -> bool:
        return True


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
        [created] = answered(capsys)
        assert {name: created[name] for name in ("name", "action")} == {
            "name": ACTION["name"],
            "action": [{"op": "quarantine", "details": None}],
        }
        return str(created["actionId"])

    def test_off_and_on_and_gone(
        self, action_id: str, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for command, status in (("disable", "disabled"), ("enable", "active"), ("get", "active")):
            assert run(["actions", command, action_id, "--fields", "status"]) == 0
            assert answered(capsys) == [{"status": status}]
        assert run(["actions", "delete", action_id, "--yes"]) == 0
        assert answered(capsys) == [{"actionId": action_id, "archived": True}]
        assert run(["actions", "list", "--status", "archived", "--fields", "actionId"]) == 0
        assert answered(capsys) == [{"actionId": action_id}]
        assert run(["actions", "list", "--status", "active"]) == 0
        assert answered(capsys) == []

    def test_from_stdin_and_of_another(
        self, action_id: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert run(["actions", "get", action_id, "-o", "json"]) == 0
        text = capsys.readouterr().out.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
        assert run(["actions", "create", "-", "--fields", "matcher"]) == 0
        [copied] = answered(capsys)
        assert copied["matcher"] == json.loads(text)["matcher"]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
    def test_what_makes_no_action(
        self, service: FakeCurrents, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
    ) -> None:
        (tmp_path / "action.json").write_text(text)
        assert run(["actions", "create", str(tmp_path / "action.json")]) == 2
        assert "action.json" in capsys.readouterr().err
        assert service.requests == []

    def test_a_file_that_is_not_there(self, service: FakeCurrents, tmp_path: Path) -> None:
        assert run(["actions", "create", str(tmp_path / "none.json")]) == 1


class TestConfirmation:
    @pytest.mark.parametrize(
        ("typed", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)]
    )
    def test_on_a_terminal(
        self,
        project: WorldProject,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        typed: str,
        code: int,
    ) -> None:
        going_on = project.run(specs=1, running=True)
        monkeypatch.setattr("sys.stdin", Typing(typed))
        assert run(["runs", "cancel", going_on.run_id]) == code
        err = capsys.readouterr().err
        assert err.startswith(f"Cancel run {going_on.run_id}? [y/N] ")
        assert ("nothing was done" in err) == (code != 0)
        assert len(service.requests) == (code == 0)

    @pytest.mark.parametrize(
        "arguments",
        [["runs", "cancel", "x"], ["actions", "delete", "x"], ["webhooks", "delete", "x"]],
        ids=" ".join,
    )
    def test_no_is_no_for_every_command(
        self,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing("no\n"))
        assert run(arguments) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.endswith("[y/N] nothing was done\n")
        assert service.requests == []

    @pytest.mark.parametrize(
        "arguments",
        [
            ["runs", "cancel", "x"],
            ["actions", "delete", "x"],
            ["webhooks", "delete", "x"],
            ["quarantine", "apply"],
        ],
        ids=" ".join,
    )
    def test_without_a_terminal(
        self,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        assert run(arguments) == 2
        assert "pass --yes" in capsys.readouterr().err
        assert service.requests == []


class TestQuarantine:
    @pytest.fixture
    def suite(self, world: World, project: WorldProject, service: FakeCurrents) -> Suite:
        suite = Suite(world, project)
        suite.play({"pays": "F.F.FF.F.F.F", "is well": "." * 12})
        return suite

    def test_plan_and_apply(
        self, suite: Suite, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["quarantine", "plan", *WINDOW]) == 0
        [planned] = answered(capsys)
        assert planned["decision"] == "quarantine"
        assert planned["signature"] == suite.signature("pays")
        assert run(["quarantine", "plan", *WINDOW, "--fail-on", "changes"]) == 6
        capsys.readouterr()
        assert run(["quarantine", "apply", *WINDOW, "--yes"]) == 0
        out, err = capsys.readouterr()
        done = json.loads(out)
        assert done["outcome"] == "created"
        assert "1 to quarantine" in err
        action = service.world.actions[done["actionId"]]
        assert id_of("pays") in json.dumps(action.payload(0))
        assert run(["quarantine", "plan", *WINDOW, "--fail-on", "changes"]) == 0
        assert run(["quarantine", "plan", *WINDOW, "--all", "--fields", "decision"]) == 0
        assert {"decision": "keep"} in answered(capsys)

    def test_what_fails_is_said(
        self, suite: Suite, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        service.fail("createAction", status=403)
        assert run(["quarantine", "apply", *WINDOW, "--yes"]) == 5
        [failed] = answered(capsys)
        assert failed["outcome"] == "failed"
        assert "403" in str(failed["error"])

    def test_nothing_to_do_needs_no_answer(
        self, suite: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing(""))
        assert run(["quarantine", "apply", *WINDOW, "--most", "0"]) == 0
        assert "[y/N]" not in capsys.readouterr().err

    def test_no_is_no_to_a_plan_too(
        self,
        suite: Suite,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing("no\n"))
        assert run(["quarantine", "apply", *WINDOW]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.endswith("Carry it out? [y/N] nothing was done\n")
        assert {request.method for request in service.requests} == {"GET"}

    @pytest.mark.parametrize(
        "options",
        [["--window", "x"], ["--failure-rate", "2"], ["--lift-after", "99"], ["--name", "a b"]],
        ids=" ".join,
    )
    def test_policies_that_cannot_work(self, service: FakeCurrents, options: list[str]) -> None:
        assert run(["quarantine", "plan", *options]) == 2
        assert service.requests == []


class TestWebhooks:
    def test_made_changed_and_deleted(
        self,
        project: WorldProject,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", SECRET)
        url = "https://example.org/hook"
        options = ("--event", "RUN_FINISH", "--event", "RUN_START", "--label", "ours")
        assert run(["webhooks", "create", url, *options, "--secret-header", "X-Secret"]) == 0
        [created] = answered(capsys)
        assert (created["url"], created["label"]) == (url, "ours")
        assert created["hookEvents"] == ["RUN_FINISH", "RUN_START"]
        assert created["headers"] == '{"X-Secret":"***"}'
        hook_id = str(created["hookId"])
        assert run(["webhooks", "update", hook_id, "--label", "theirs"]) == 0
        [updated] = answered(capsys)
        assert updated == {**created, "label": "theirs", "updatedAt": updated["updatedAt"]}
        assert run(["webhooks", "list", "--fields", "headers"]) == 0
        assert run(["webhooks", "list", "--fields", "headers", "--show-secrets"]) == 0
        masked, shown = answered(capsys)
        assert masked == {"headers": '{"X-Secret":"***"}'}
        assert SECRET in str(shown)
        assert run(["webhooks", "delete", hook_id, "--yes"]) == 0
        assert answered(capsys)[0]["hookId"] == hook_id
        assert not service.world.webhooks

    def test_nothing_to_change(self, service: FakeCurrents) -> None:
        assert run(["webhooks", "update", "some-id"]) == 2

    def test_the_secret_is_in_the_environment_alone(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["webhooks", "create", "https://example.org", "--secret-header", "X-Secret"]
        assert run(arguments) == 2
        assert "CURRENTS_WEBHOOK_SECRET" in capsys.readouterr().err
        assert service.requests == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ([], "--insecure"),
            (["--secret-header", "X-Secret"], "CURRENTS_WEBHOOK_SECRET"),
            (["--insecure", "--path", "hook"], "--path must begin with a slash"),
            (["--insecure", "--path", "/{x"], "not '/{x'"),
            (["--insecure", "--path", "/{x}"], "not '/{x}'"),
            (["--insecure", "--path", "/hook?x=1"], "not '/hook?x=1'"),
            (["--insecure", "--fields", "nope"], "no field"),
        ],
    )
    def test_listening_to_anybody_has_to_be_said(
        self, capsys: pytest.CaptureFixture[str], options: list[str], message: str
    ) -> None:
        assert run(["webhooks", "listen", "--port", "0", *options]) == 2
        assert message in capsys.readouterr().err
