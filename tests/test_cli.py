import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from currents_async import __version__
from currents_async.cli import _profiles as profiles
from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, World, WorldProject


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the configuration file of who runs the tests."""
    monkeypatch.setattr(profiles, "config_path", lambda: tmp_path / "config.toml")


@pytest.fixture
def service(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCurrents]:
    """A server in a thread of its own: a command runs an event loop itself."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(FakeCurrents(world)) as server,
    ):
        monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
        monkeypatch.setenv("CURRENTS_API_URL", server.url)
        yield server


def test_demo_counts_what_it_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    report = json.loads(out)
    made = World(seed=1).project(name="Demo").run(specs=400)
    tests = sum(spec.tests for spec in made.specs)
    assert report["specs"] == 400
    assert report["tests"] == tests
    assert report["traffic"]["requests"] == 401
    assert report["passed"] + report["failed"] + report["pending"] + report["skipped"] == tests
    assert len(report["failing"]) == report["failed"] > 0
    assert report["errors"] == []
    assert err == ""


def test_demo_shows_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--specs", "60", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    for text in ("specs", "60", "requests", "61", "Failing tests", "Slowest specs", "on the wire"):
        assert text in out


def test_progress_goes_to_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    assert run(["demo", "--specs", "30", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["specs"] == 30
    assert "30/30" in err


class TestRun:
    def test_report(
        self,
        service: FakeCurrents,
        project: WorldProject,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        made = project.run(specs=25, failures=2, flaky=1, unclaimed=1)
        assert run(["run", made.run_id, "--json", "--concurrency", "4"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["specs"], report["failed"], report["flaky"]) == (25, 2, 1)
        assert report["unclaimed"] == 1
        assert report["traffic"]["requests"] == len(service.requests) == 25
        assert report["traffic"]["wire_bytes"] == service.bytes_sent
        durations = [slow["duration_ms"] for slow in report["slowest"]]
        assert durations == sorted(durations, reverse=True)
        assert len(durations) == 5

    def test_an_instance_that_is_missing(
        self,
        service: FakeCurrents,
        project: WorldProject,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        made = project.run(specs=5)
        service.fail("getInstance", status=404)
        assert run(["run", made.run_id]) == 5
        out = capsys.readouterr().out
        assert "Missing" in out
        assert "404" in out

    def test_long_lists_say_how_much_more_there_is(
        self,
        service: FakeCurrents,
        project: WorldProject,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        made = project.run(specs=46, tests=1, failures=23)
        service.fail("getInstance", status=404, times=46)
        assert run(["run", made.run_id]) == 5
        assert "and 26 more" in capsys.readouterr().out
        assert run(["run", made.run_id]) == 0
        out = capsys.readouterr().out
        assert "and 3 more" in out
        assert "Missing" not in out

    @pytest.mark.parametrize("terminal", [False, True])
    def test_json_of_a_report_cannot_draw_on_the_terminal(
        self,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        terminal: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        title = "\x9b2J \N{RIGHT-TO-LEFT OVERRIDE} \N{CANCEL TAG} größer"
        test = {"title": [title], "state": "failed", "attempts": [{"state": "failed"}]}
        instance = {"instanceId": "i", "spec": "a.ts", "results": {"tests": [test]}}
        service.world.add_instance_payload(instance)
        service.world.add_run_payload({
            "runId": "r",
            "projectId": "p",
            "completionState": "COMPLETE",
            "status": "FAILED",
            "specs": [{"spec": "a.ts", "instanceId": "i"}],
        })
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
        assert run(["run", "r", "--json"]) == 0
        out = capsys.readouterr().out
        assert json.loads(out)["failing"][0]["title"] == title
        assert "\x9b" not in out
        assert "größer" in out
        assert out.rstrip("\n").isprintable() is terminal

    def test_titles_cannot_draw_on_the_terminal(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        test = {
            "title": ["[bold]x[/bold]", "\x1b[31mred\x1b[0m", "line\nbreak"],
            "state": "failed",
            "attempts": [{"state": "failed", "error": {"message": "\x1b]0;title\x07boo"}}],
        }
        instance = {"instanceId": "i", "spec": "a.ts", "results": {"tests": [test]}}
        service.world.add_instance_payload(instance)
        service.world.add_run_payload({
            "runId": "[bold]r",
            "projectId": "p",
            "completionState": "COMPLETE",
            "status": "FAILED",
            "specs": [{"spec": "a.ts", "instanceId": "i"}],
        })
        assert run(["run", "[bold]r"]) == 0
        out = capsys.readouterr().out
        assert "Run [bold]r" in out
        assert "[bold]x[/bold]" in out
        assert "\x1b]0;" not in out
        assert "\x1b[31m" not in out


class TestMistakes:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["run"],
            ["run", "a", "b"],
            ["run", "a", "--concurrency", "0"],
            ["run", "a", "--concurrency", "many"],
            ["demo", "--specs", "0"],
            ["demo", "--unknown"],
            ["unknown"],
        ],
    )
    def test_usage(self, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
        assert run(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "Error" in err
        assert "Traceback" not in err

    def test_no_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "a"]) == 2
        assert "CURRENTS_API_KEY" in capsys.readouterr().err

    def test_a_run_id_that_cannot_be(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["run", "a/b"]) == 2
        assert "run_id" in capsys.readouterr().err
        assert service.requests == []

    def test_not_found(self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "unknown"]) == 3
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("currents-async: getRun (GET http://127.0.0.1:")
        assert "404 Run not found" in err

    @pytest.mark.parametrize("status", [401, 403])
    def test_not_allowed(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str], status: int
    ) -> None:
        service.fail("getRun", status=status)
        assert run(["run", "a"]) == 4
        assert str(status) in capsys.readouterr().err

    def test_nobody_there(
        self,
        unused_port: int,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", "key")
        assert run(["run", "a", "--base-url", f"http://127.0.0.1:{unused_port}"]) == 1
        assert "no connection" in capsys.readouterr().err


def in_a_process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("module", ["currents_async", "currents_async.cli"])
def test_as_a_module(module: str) -> None:
    done = in_a_process("-m", module, "--version")
    assert done.returncode == 0
    assert done.stdout.strip() == __version__


def test_without_the_extra() -> None:
    code = "import sys; sys.modules['cyclopts'] = None; from currents_async.cli import main; main()"
    done = in_a_process("-c", code, "demo")
    assert done.returncode == 1
    assert "python -m pip install 'currents-async[cli]'" in done.stderr
    assert "Traceback" not in done.stderr
