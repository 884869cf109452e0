"""`run` and `demo`: a run with all its instances, and a report on them."""

import json

import pytest

from currents_async import CurrentsError, InstanceResult
from currents_async.cli._report import FailingTest, Report
from currents_async.models import Instance, RunSpec, SpecReport, Stats
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.analysis.made import FAILED, PASSED, a_test, an_instance
from tests.cli.stdio import CommandLine
from tests.support import RUN

COUNTED = Stats(tests=3, failures=2)


MISSING = "tests that the server counts and does not list"


def test_demo_counts_what_it_made(cli: CommandLine) -> None:
    out, err = cli("demo", "--json")
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


def test_demo_shows_tables(cli: CommandLine) -> None:
    out = cli("demo", "--specs", "60", "--seed", "3").out
    for text in ("specs", "60", "requests", "61", "Failing tests", "Slowest specs", "on the wire"):
        assert text in out


def test_progress_goes_to_stderr(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    out, err = cli("demo", "--specs", "30", "--json")
    assert json.loads(out)["specs"] == 30
    assert "30/30" in err


class TestRun:
    def test_report(self, service: FakeCurrents, project: WorldProject, cli: CommandLine) -> None:
        made = project.run(specs=25, failures=2, flaky=1, unclaimed=1)
        report = json.loads(cli("run", made.run_id, "--json", "--concurrency", "4").out)
        assert (report["specs"], report["failed"], report["flaky"]) == (25, 2, 1)
        assert report["unclaimed"] == 1
        assert report["traffic"]["requests"] == len(service.requests) == 25
        assert report["traffic"]["wire_bytes"] == service.bytes_sent
        durations = [slow["duration_ms"] for slow in report["slowest"]]
        assert durations == sorted(durations, reverse=True)
        assert len(durations) == 5

    def test_a_missing_instance_is_reported(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        made = project.run(specs=5)
        service.fail("getInstance", status=404)
        out = cli("run", made.run_id, code=5).out
        assert "Missing" in out
        assert "404" in out

    def test_long_lists_say_how_much_more_there_is(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        made = project.run(specs=46, tests=1, failures=23)
        service.fail("getInstance", status=404, times=46)
        assert "and 26 more" in cli("run", made.run_id, code=5).out
        out = cli("run", made.run_id).out
        assert "and 3 more" in out
        assert "Missing" not in out

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
        out = cli("run", "r", "--json").out
        assert json.loads(out)["failing"][0]["title"] == title
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
        out = cli("run", "[bold]r").out
        assert "Run [bold]r" in out
        assert "[bold]x[/bold]" in out
        assert "\x1b]0;" not in out
        assert "\x1b[31m" not in out


@pytest.mark.parametrize(
    ("instance", "spec"),
    [
        (an_instance("a.ts", a_test("one", FAILED), stats=COUNTED), None),
        (
            an_instance("a.ts", a_test("one", FAILED)),
            RunSpec(spec="a.ts", instance_id="r chromium a.ts", results=SpecReport(stats=COUNTED)),
        ),
    ],
    ids=["by itself", "by its run"],
)
def test_tests_that_are_counted_but_not_listed_are_missing(
    instance: Instance, spec: RunSpec | None
) -> None:
    report = Report("r")
    report.add(InstanceResult(spec=spec, instance_id=instance.instance_id, instance=instance))
    assert (report.tests, report.failed) == (3, 2)
    assert [failing.title for failing in report.failing] == ["", "Cart > one"]
    assert report.errors == [f"a.ts: {MISSING}: 2"]


def test_a_spec_file_with_an_exception_is_failing() -> None:
    report = Report("r")
    thrown = an_instance("a.ts", a_test("one", PASSED), exception="it broke")
    report.add(InstanceResult(instance_id=thrown.instance_id, instance=thrown))
    assert report.failing == [FailingTest("a.ts", "", "it broke")]
    assert (report.failed, report.errors) == (0, [])


def test_server_errors_in_reports_have_no_terminal_colours() -> None:
    report = Report("r")
    report.add(
        InstanceResult(error=CurrentsError("getInstance: 404 \x1b[31mgone\x1b[0m\nfor good"))
    )
    assert report.errors == ["getInstance: 404 gone for good"]
