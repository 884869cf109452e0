"""`run` and `demo`: a run with all its instances, and a report on them."""

import io
import json
from contextlib import redirect_stdout

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine
from tests.support import RUN


def test_demo_counts_what_it_made(cli: CommandLine) -> None:
    out, err = cli("demo", "--specs", "60")
    [report] = map(json.loads, out.splitlines())
    counts = report["counts"]
    assert counts["specs"] == 60
    assert report["fetched"]["requests"] == 61
    ended = ("passed", "failed", "pending", "skipped")
    assert sum(counts[name] for name in ended) == counts["tests"]
    assert len(report["failed"]) == counts["failed"] > 0
    assert len(report["flaky"]) == counts["flaky"] > 0
    assert report["errors"] == []
    assert err == ""


def test_demo_shows_a_run(cli: CommandLine) -> None:
    out = cli("demo", "--specs", "60", "-o", "table").out
    assert out.startswith("✗ failed  ")
    for text in ("in 60 specs", "Machines", "with perfect balance", "Failures", "Flaky"):
        assert text in out


class TestRun:
    def test_report(self, service: FakeCurrents, project: WorldProject, cli: CommandLine) -> None:
        made = project.run(specs=25, failures=2, flaky=1, unclaimed=1)
        [report] = cli("run", made.run_id, "--concurrency", "4").rows
        counts = report["counts"]
        assert (counts["specs"], counts["failed"], counts["flaky"]) == (25, 2, 1)
        assert counts["unclaimed"] == 1
        assert report["fetched"]["requests"] == len(service.requests) == 25
        assert report["fetched"]["wireBytes"] == service.bytes_sent
        durations = [slow["durationMs"] for slow in report["slowest"]]
        assert durations == sorted(durations, reverse=True)
        assert len(durations) == 5

    def test_a_missing_instance_is_reported(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        made = project.run(specs=5)
        service.fail("getInstance", status=404)
        out = cli("run", made.run_id, "-o", "table", code=5).out
        assert "Missing" in out
        assert "404" in out

    def test_long_lists_say_how_much_more_there_is(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        made = project.run(specs=46, tests=1, failures=23)
        service.fail("getInstance", status=404, times=46)
        cut = cli("run", made.run_id, "-o", "table", code=5).out
        assert "and 26 more lines: --all shows them" in cut
        out = cli("run", made.run_id, "-o", "table", "--all").out
        assert "more" not in out
        assert "Missing" not in out
        assert sum(line.startswith("  tests/") for line in out.splitlines()) == 23

    def test_a_terminal_without_unicode(self, project: WorldProject, service: FakeCurrents) -> None:
        made = project.run(specs=3, failures=1, flaky=1)
        stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
        with redirect_stdout(stdout):
            assert run(["run", made.run_id, "-o", "table"]) == 0
        stdout.seek(0)
        out = stdout.read()
        assert out.startswith("x failed")
        assert "===" in out

    @pytest.mark.parametrize("terminal", [False, True])
    def test_json_of_a_report_has_no_control_characters(
        self,
        service: FakeCurrents,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
        terminal: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        title = "\x9b2J \N{RIGHT-TO-LEFT OVERRIDE} \N{CANCEL TAG} größer"
        test = {"title": [title], "state": "failed", "attempts": [{"state": "failed"}]}
        instance = {"instanceId": "i", "spec": "a.ts", "results": {"tests": [test]}}
        service.world.add_instance_payload(instance)
        specs = [{"spec": "a.ts", "instanceId": "i"}]
        service.world.add_run_payload({**RUN, "status": "FAILED", "specs": specs})
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
        out = cli("run", "r", "-o", "ndjson").out
        assert json.loads(out)["failed"][0]["title"] == [title]
        assert "\x9b" not in out
        assert "größer" in out
        assert out.rstrip("\n").isprintable() is terminal

    def test_titles_have_no_control_characters(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        test = {
            "title": ["[bold]x[/bold]", "\x1b[31mred\x1b[0m", "line\nbreak"],
            "state": "failed",
            "attempts": [{"state": "failed", "error": {"message": "\x1b]0;title\x07boo"}}],
        }
        instance = {"instanceId": "i", "spec": "a.ts", "results": {"tests": [test]}}
        service.world.add_instance_payload(instance)
        specs = [{"spec": "a.ts", "instanceId": "i"}]
        service.world.add_run_payload({
            **RUN,
            "runId": "[bold]r",
            "status": "FAILED",
            "specs": specs,
        })
        out = cli("run", "[bold]r", "-o", "table").out
        assert "run [bold]r" in out
        assert "[bold]x[/bold]" in out
        assert "\x1b]0;" not in out
        assert "\x1b[31m" not in out
