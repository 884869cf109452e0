"""`quarantine`."""

import json

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.cli.stdio import Typing, rows
from tests.quarantine.suite import Suite, id_of

WINDOW = ("--window", "2000w")


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
        [planned] = rows(capsys)
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
        assert {"decision": "keep"} in rows(capsys)

    def test_failures_are_reported(
        self, suite: Suite, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        service.fail("createAction", status=403)
        assert run(["quarantine", "apply", *WINDOW, "--yes"]) == 5
        [failed] = rows(capsys)
        assert failed["outcome"] == "failed"
        assert "403" in str(failed["error"])

    def test_an_empty_plan_needs_no_confirmation(
        self, suite: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing(""))
        assert run(["quarantine", "apply", *WINDOW, "--most", "0"]) == 0
        assert "[y/N]" not in capsys.readouterr().err

    def test_no_stops_a_quarantine_plan(
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
    def test_invalid_policies(self, service: FakeCurrents, options: list[str]) -> None:
        assert run(["quarantine", "plan", *options]) == 2
        assert service.requests == []
