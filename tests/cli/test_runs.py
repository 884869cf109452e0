"""`runs`."""

import json

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import rows


class TestRuns:
    def test_list_passes_its_filters_on(
        self, two_runs: list[WorldRun], service: FakeCurrents, project: WorldProject
    ) -> None:
        arguments = [
            *("--project", project.project_id, "--branch", "main", "--branch", "x", "--tag", "t"),
            *("--tag-operator", "AND", "--author", "a", "--search", "s", "--pull-request", "7"),
            *("--status", "FAILED", "--state", "COMPLETE", "--since", "2026-01-05"),
            *("--until", "2026-01-06T12:00+02:00", "--limit", "3"),
        ]
        assert run(["runs", "list", *arguments]) == 0
        assert service.requests[-1].query == [
            ("tags[]", "t"),
            ("branches[]", "main"),
            ("branches[]", "x"),
            ("authors[]", "a"),
            ("tag_operator", "AND"),
            ("search", "s"),
            ("pr_id", "7"),
            ("status", "FAILED"),
            ("completion_state", "COMPLETE"),
            ("date_start", "2026-01-05"),
            ("date_end", "2026-01-06T10:00:00.000Z"),
            ("limit", "3"),
        ]

    @pytest.mark.parametrize("since", ["yesterday", "7", "7y", "", "2026-13-01"])
    def test_an_invalid_since(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str], since: str
    ) -> None:
        assert run(["runs", "list", "--since", since]) == 2
        assert "since must be as 2026-01-31" in capsys.readouterr().err

    @pytest.mark.parametrize("since", ["999999w", "0001-01-01T00:00+14:00"])
    def test_since_before_the_first_year(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str], since: str
    ) -> None:
        assert run(["runs", "list", "--since", since]) == 2
        assert f"since must lie in the years 1 to 9999, not '{since}'" in capsys.readouterr().err
        assert service.requests == []

    def test_get_and_find(
        self, two_runs: list[WorldRun], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["runs", "get", two_runs[0].run_id, "--fields", "runId,specs.spec"]) == 0
        assert run(["runs", "find", "--branch", "main", "--fields", "runId"]) == 0
        got, found = rows(capsys)
        assert got == {
            "runId": two_runs[0].run_id,
            "specs.spec": [spec.path for spec in two_runs[0].specs],
        }
        assert found == {"runId": two_runs[1].run_id}
        assert run(["runs", "find", "--branch", "other"]) == 3
        assert run(["runs", "find", "--branch", "a", "--ci-build-id", "b"]) == 2

    def test_watch(self, two_runs: list[WorldRun], capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["runs", "watch", two_runs[0].run_id, "--fail-on", "failed"]) == 6
        out, err = capsys.readouterr()
        assert {json.loads(line)["spec"] for line in out.splitlines()} == {
            spec.path for spec in two_runs[0].specs
        }
        assert "COMPLETE, FAILED" in err
        assert run(["runs", "watch", two_runs[0].run_id, "-o", "table"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 4

    def test_watch_times_out(
        self, project: WorldProject, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        going_on = project.run(specs=2, completed=1)
        assert run(["runs", "watch", going_on.run_id, "--timeout", "0.05"]) == 1
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == 1
        assert "has not been seen to end" in err

    def test_cancel(
        self, project: WorldProject, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        going_on = project.run(specs=2, running=True)
        assert run(["runs", "cancel", going_on.run_id]) == 2
        assert "--yes" in capsys.readouterr().err
        assert service.requests == []
        assert run(["runs", "cancel", going_on.run_id, "--yes"]) == 0
        assert rows(capsys)[0]["runId"] == going_on.run_id
        assert run(["runs", "cancel", going_on.run_id, "-y"]) == 1
        assert "422" in capsys.readouterr().err


def add_run(service: FakeCurrents, run_id: str, titles: list[str]) -> None:
    """Add a complete run of one spec file in which all tests have passed."""
    tests = [
        {"title": [title], "state": "passed", "attempts": [{"state": "passed"}]} for title in titles
    ]
    instance = {"instanceId": f"i-{run_id}", "runId": run_id, "spec": "a.ts"}
    service.world.add_instance_payload({**instance, "results": {"tests": tests}})
    service.world.add_run_payload({
        "runId": run_id,
        "projectId": "p",
        "completionState": "COMPLETE",
        "status": "PASSED",
        "specs": [{"spec": "a.ts", "instanceId": f"i-{run_id}"}],
    })


class TestDiff:
    def test_diff_with_the_previous_run(
        self, two_runs: list[WorldRun], capsys: pytest.CaptureFixture[str]
    ) -> None:
        before, after = two_runs
        assert run(["runs", "diff", after.run_id]) == 0
        alone = capsys.readouterr()
        assert run(["runs", "diff", before.run_id, after.run_id]) == 0
        assert capsys.readouterr() == alone
        changes = [json.loads(line)["change"] for line in alone.out.splitlines()]
        assert f"{before.run_id} -> {after.run_id}: " in alone.err
        assert f"{changes.count('new_failures')} new failures" in alone.err

    @pytest.mark.parametrize(
        ("fail_on", "code"), [("new", 6), ("failing", 6), ("flaky", 6), ("inconclusive", 0)]
    )
    def test_findings(self, two_runs: list[WorldRun], fail_on: str, code: int) -> None:
        arguments = ["runs", "diff", two_runs[0].run_id, two_runs[1].run_id]
        assert run([*arguments, "--fail-on", fail_on]) == code
        assert run([*arguments, "--fail-on", "inconclusive", "--fail-on", fail_on]) == code

    def test_a_run_compared_with_itself_has_nothing_new(
        self, two_runs: list[WorldRun], capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = two_runs[0].run_id
        assert run(["runs", "diff", one, one, "--fail-on", "new", "--fail-on", "flaky"]) == 0
        assert run(["runs", "diff", one, one, "--fail-on", "failing"]) == 6
        assert {row["change"] for row in rows(capsys)} == {"still_failing"}

    def test_ambiguous_tests(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        add_run(service, "before", ["same", "same", "gone", "gone"])
        add_run(service, "after", ["same", "same"])
        assert run(["runs", "diff", "before", "after", "--fail-on", "inconclusive"]) == 6
        out, err = capsys.readouterr()
        changes = [json.loads(line) for line in out.splitlines()]
        assert [(one["change"], one["title"]) for one in changes] == [
            ("ambiguous", "same"),
            ("ambiguous", "same"),
            ("ambiguous", "gone"),
            ("ambiguous", "gone"),
        ]
        assert "not everything could be compared" in err

    def test_the_first_run_has_no_previous_run(
        self, two_runs: list[WorldRun], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["runs", "diff", two_runs[0].run_id]) == 3
        assert "no run before" in capsys.readouterr().err
