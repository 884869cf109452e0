from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine


def test_list_and_get(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    rows = cli("projects", "list", "--limit", "5", "--fields", "projectId").rows
    assert rows == [{"projectId": project.project_id}]
    assert cli("projects", "get", "--fields", "projectId").rows == rows
    assert cli("projects", "get", project.project_id, "--fields", "projectId").rows == rows
    cli("projects", "get", "unknown", code=3)


def test_pull_requests(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    project.run(specs=1, pull_request=7)
    options = ("--runs", "2", "--title", "#7", "--state", "COMPLETE", "--order", "run_count")
    [card] = cli("pull-requests", "list", *options, "--branch", "*", "--since", "2026-01-01").rows
    [run] = card["recentRuns"]
    table = cli("pull-requests", "list", "-o", "table").out
    for shown in (card["pr"]["source"], run["runId"], run["status"].lower()):
        assert shown in table


def test_terms(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    project.run(specs=1)
    [term] = cli("terms", "list", "branch", "--search", "MAI", "--direction", "desc").rows
    assert term["term"] == "main"
    table = cli("terms", "list", "branch", "-o", "table").out
    assert table == "TERM\nmain\n"
    cli("terms", "list", "colour", code=2)
