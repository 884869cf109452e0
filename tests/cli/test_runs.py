import json
from collections.abc import Sequence
from itertools import zip_longest

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine
from tests.support import RUN


class TestRuns:
    def test_list_passes_its_filters_on(
        self, two_runs: list[WorldRun], service: FakeCurrents, project: WorldProject
    ) -> None:
        arguments = [
            *("--project", project.project_id, "--branch", "main", "--branch", "x", "--tag", "t"),
            *("--tag-operator", "AND", "--author", "a", "--search", "s", "--pull-request", "7"),
            *("--environment", "e"),
            *("--status", "FAILED", "--state", "COMPLETE", "--since", "2026-01-05"),
            *("--until", "2026-01-06T12:00+02:00", "--limit", "3"),
        ]
        assert run(["runs", "list", *arguments]) == 0
        assert service.requests[-1].query == [
            ("tags[]", "t"),
            ("branches[]", "main"),
            ("branches[]", "x"),
            ("authors[]", "a"),
            ("environments[]", "e"),
            ("tag_operator", "AND"),
            ("search", "s"),
            ("pr_id", "7"),
            ("status", "FAILED"),
            ("completion_state", "COMPLETE"),
            ("date_start", "2026-01-05"),
            ("date_end", "2026-01-06T10:00:00.000Z"),
            ("limit", "3"),
        ]

    @pytest.mark.parametrize("since", ["7", "7y", "", "2026-13-01"])
    def test_an_invalid_since(self, service: FakeCurrents, cli: CommandLine, since: str) -> None:
        assert "--since must be a time" in cli("runs", "list", "--since", since, code=2).err

    @pytest.mark.parametrize("since", ["999999w", "0001-01-01T00:00+14:00"])
    def test_since_before_the_first_year(
        self, service: FakeCurrents, cli: CommandLine, since: str
    ) -> None:
        err = cli("runs", "list", "--since", since, code=2).err
        assert f"since must lie in the years 1 to 9999, not '{since}'" in err
        assert service.requests == []

    def test_get_and_find(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        [got] = cli("runs", "get", two_runs[0].run_id, "--fields", "runId,specs.spec").rows
        [found] = cli("runs", "find", "--branch", "main", "--fields", "runId").rows
        assert got == {
            "runId": two_runs[0].run_id,
            "specs.spec": [spec.path for spec in two_runs[0].specs],
        }
        assert found == {"runId": two_runs[1].run_id}
        cli("runs", "find", "--branch", "other", code=3)
        cli("runs", "find", "--branch", "a", "--ci-build-id", "b", code=2)

    def test_find_for_playwright(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        [found] = cli("runs", "find", "--last-failed", "--fields", "pwLastRun").rows
        assert found["pwLastRun"]["failedTests"]
        assert json.loads(cli("runs", "find", "--last-run-json").out) == found["pwLastRun"]

    def test_watch(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        out, err = cli("runs", "watch", two_runs[0].run_id, "--fail-on", "failed", code=6)
        assert {json.loads(line)["spec"] for line in out.splitlines()} == {
            spec.path for spec in two_runs[0].specs
        }
        assert ": failed\n" in err
        assert len(cli("runs", "watch", two_runs[0].run_id, "-o", "table").out.splitlines()) == 4

    def test_watch_times_out(
        self, project: WorldProject, service: FakeCurrents, cli: CommandLine
    ) -> None:
        going_on = project.run(specs=2, completed=1)
        out, err = cli("runs", "watch", going_on.run_id, "--timeout", "0.05", code=1)
        assert len(out.splitlines()) == 1
        assert "has not been seen to end" in err

    def test_cancel(self, project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
        going_on = project.run(specs=2, running=True)
        assert "--yes" in cli("runs", "cancel", going_on.run_id, code=2).err
        assert service.requests == []
        assert cli("runs", "cancel", going_on.run_id, "--yes").rows[0]["runId"] == going_on.run_id
        assert "422" in cli("runs", "cancel", going_on.run_id, "-y", code=1).err

    def test_reset_and_delete(
        self, project: WorldProject, service: FakeCurrents, cli: CommandLine
    ) -> None:
        made = project.run(specs=3, failures=1)
        [machine, *_] = {
            spec["machineId"] for spec in cli("runs", "get", made.run_id).rows[0]["specs"]
        }
        options = ("--machine", machine, "--machine", "another", "--batched", "--yes")
        [reset] = cli("runs", "reset", made.run_id, *options).rows
        assert reset["runId"] == made.run_id
        assert reset["specs"] > 0
        body = json.loads(service.requests[-1].body)
        assert body == {"machineId": [machine, "another"], "isBatchedOr8n": True}
        assert cli("runs", "delete", made.run_id, "-y", "-o", "json").out.startswith("{\n")
        cli("runs", "get", made.run_id, code=3)


def add_run(
    service: FakeCurrents, run_id: str, titles: list[str], durations: Sequence[int] = ()
) -> None:
    """Add a complete run of one spec file in which all tests have passed."""
    tests = [
        {"title": [title], "state": "passed", "attempts": [{"state": "passed"}], "duration": ms}
        for title, ms in zip_longest(titles, durations)
    ]
    instance = {"instanceId": f"i-{run_id}", "runId": run_id, "spec": "a.ts"}
    service.world.add_instance_payload({**instance, "results": {"tests": tests}})
    specs = [{"spec": "a.ts", "instanceId": f"i-{run_id}"}]
    service.world.add_run_payload({**RUN, "runId": run_id, "specs": specs})


class TestDiff:
    def test_diff_with_the_previous_run(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        before, after = two_runs
        alone = cli("runs", "diff", after.run_id)
        assert cli("runs", "diff", before.run_id, after.run_id) == alone
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
        self, two_runs: list[WorldRun], cli: CommandLine
    ) -> None:
        one = two_runs[0].run_id
        rows = cli("runs", "diff", one, one, "--fail-on", "new", "--fail-on", "flaky").rows
        rows += cli("runs", "diff", one, one, "--fail-on", "failing", code=6).rows
        assert {row["change"] for row in rows} == {"still_failing"}

    def test_a_page_and_markdown(self, two_runs: list[WorldRun], cli: CommandLine) -> None:
        last = two_runs[-1].run_id
        page, text = (cli("runs", "diff", last, "-o", form) for form in ("html", "markdown"))
        assert page.out.startswith("<!doctype html>\n")
        assert page.err == text.err
        assert text.out.startswith("## ✗ ")
        for one in two_runs:
            assert f'"https://app.currents.dev/run/{one.run_id}"' in page.out
            assert f"(https://app.currents.dev/run/{one.run_id})" in text.out

    def test_each_run_is_fetched_once(
        self, two_runs: list[WorldRun], service: FakeCurrents, cli: CommandLine
    ) -> None:
        before, after = two_runs
        cli("runs", "diff", before.run_id, after.run_id, "-o", "html")
        paths = [request.path for request in service.requests]
        assert len(paths) == len(set(paths)) == 2 + len(before.specs) + len(after.specs)

    def test_documents_have_no_fields_and_other_commands_no_documents(
        self, two_runs: list[WorldRun], service: FakeCurrents, cli: CommandLine
    ) -> None:
        run_id = two_runs[0].run_id
        err = cli("runs", "diff", run_id, run_id, "-o", "html", "--fields", "title", code=2).err
        assert "-o html shows no --fields" in err
        err = cli("runs", "get", run_id, "-o", "markdown", code=2).err
        assert "-o must be table, wide, json, ndjson, csv or parquet, not 'markdown'" in err
        assert not service.requests

    def test_slower_tests(self, service: FakeCurrents, cli: CommandLine) -> None:
        for run_id, last in (("before", 2_000), ("after", 4_000)):
            add_run(service, run_id, [*"abcdefghi", "slow"], durations=[*[1_000] * 9, last])
        [row] = cli("runs", "diff", "before", "after").rows
        assert (row["change"], row["title"]) == ("slower", "slow")
        assert (row["beforeMs"], row["afterMs"]) == (2_000, 4_000)
        table = cli("runs", "diff", "before", "after", "-o", "table")
        assert "2.0 s -> 4.0 s" in table.out
        assert "1 slower" in table.err

    def test_ambiguous_tests(self, service: FakeCurrents, cli: CommandLine) -> None:
        add_run(service, "before", ["same", "same", "gone", "gone"])
        add_run(service, "after", ["same", "same"])
        out, err = cli("runs", "diff", "before", "after", "--fail-on", "inconclusive", code=6)
        changes = [json.loads(line) for line in out.splitlines()]
        assert [(one["change"], one["title"]) for one in changes] == [
            ("ambiguous", "same"),
            ("ambiguous", "same"),
            ("ambiguous", "gone"),
            ("ambiguous", "gone"),
        ]
        assert "not everything could be compared" in err

    def test_the_first_run_has_no_previous_run(
        self, two_runs: list[WorldRun], cli: CommandLine
    ) -> None:
        assert "no run before" in cli("runs", "diff", two_runs[0].run_id, code=3).err
