"""Errors in the words of the command line."""

import re

import pytest

from currents_async.cli._messages import in_options
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine

OPTIONS = {
    "--project",
    "--since",
    "--status",
    "--branch",
    "--most",
    "--title",
    "RUN_ID",
    "TO",
    "PATH",
}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("project_id must not be empty", "--project must not be empty"),
        ("branches[0] must not contain spaces: 'a b'", "--branch must not contain spaces: 'a b'"),
        ("date_start must not be after date_end: 2 is", "--since must not be after date_end: 2 is"),
        ("QuarantinePolicy.max_tests must be positive", "--most must be positive"),
        ("pass run_id, or title=", "pass RUN_ID, or --title"),
        ("status must be one of a, b", "--status must be one of a, b"),
        ("to: there is no such directory", "TO: there is no such directory"),
        ("--since must be a time", "--since must be a time"),
        ("no project: pass project_id= to the call or the client", "no project: pass --project"),
        ("the title of a project", "the title of a project"),
        ("files[0].path cannot be read: 'x'", "PATH cannot be read: 'x'"),
        ("files[1].title must be short", "--title must be short"),
        ("no data was received within Timeouts.read", "no data was received for too long"),
    ],
)
def test_arguments_are_options(message: str, shown: str) -> None:
    assert in_options(message, OPTIONS) == shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run", "RUN_ID is missing (see currents-async run --help)"),
        ("run a b", "unexpected argument 'b' (see currents-async run --help)"),
        ("run a --concurrency 0", "--concurrency must be at least 1, not 0"),
        ("run a --concurrency many", "--concurrency must be an integer, not 'many'"),
        ("runs watch a --interval x", "--interval must be a number, not 'x'"),
        ("runs lst", "unknown command lst; did you mean list? (see currents-async runs --help)"),
        ("api git /x", "METHOD must be GET, PUT, POST or DELETE, not 'git'"),
        ("runs list --limit", "--limit needs a value (see currents-async runs list --help)"),
        ("runs list --limit 2 --limit 3", "--limit must be passed only once"),
        ("run a/b", "RUN_ID must be one path segment, not 'a/b'"),
        (
            "runs list --stauts x",
            "unknown option --stauts; did you mean --status? (see currents-async runs list --help)",
        ),
        (
            "runs list --status nope",
            "--status must be PASSED, FAILED, RUNNING or FAILING, not 'nope'",
        ),
        (
            "quarantine plan --last-results 3 --min-executions 3",
            "--lift-after must be at most --last-results, which is 3, not 10",
        ),
    ],
)
def test_mistakes(service: FakeCurrents, cli: CommandLine, line: str, message: str) -> None:
    assert cli(*line.split(), code=2) == ("", f"currents-async: {message}\n")
    assert service.requests == []


def test_no_project(
    service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CURRENTS_PROJECT_ID", raising=False)
    message = "no project: pass --project, or set CURRENTS_PROJECT_ID"
    assert cli("runs", "list", code=2).err == f"currents-async: {message}\n"


def test_words_in_any_case(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    cli("runs", "list", "--status", "failed", "--state", "in-progress", "--tag-operator", "or")
    query = service.requests[-1].query
    assert [
        (name.removesuffix("[]"), value)
        for name, value in query
        if name.startswith(("status", "completion"))
    ] == [("status", "FAILED"), ("completion_state", "IN_PROGRESS")]
    cli("api", "get", "/projects")
    assert service.requests[-1].method == "GET"


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (401, 4, "the key or token is mistyped, expired or revoked"),
        (404, 3, "check the ID, and whether the API key is of the same organization"),
        (500, 1, "try again later"),
    ],
)
def test_refusals_say_what_to_do(
    service: FakeCurrents, cli: CommandLine, status: int, code: int, advice: str
) -> None:
    service.fail("getRun", status=status, times=10)
    err = cli("runs", "get", "r", code=code).err
    assert f"(HTTP {status}, GET {service.url}/runs/r" in err
    assert advice in err
    assert "getRun" not in err


def test_a_hint_names_options(made: WorldRun, service: FakeCurrents, cli: CommandLine) -> None:
    instance_id = made.specs[0].instance_id
    err = cli("traces", "digest", str(instance_id), "nope", code=3).err
    assert "artifact_name" not in err
    assert err.endswith("or the attempt has no trace, or none with that --artifact\n")


def test_notes_on_one_of_several_name_no_operation(
    made: WorldRun, service: FakeCurrents, cli: CommandLine
) -> None:
    service.fail("getInstance", status=404, times=1)
    [error] = cli("run", made.run_id, code=5).rows[0]["errors"]
    assert "getInstance" not in error
    assert re.search(rf": Not Found \(HTTP 404, GET {service.url}/instances/\w+", error)


def test_a_file_that_is_not_there(service: FakeCurrents, cli: CommandLine) -> None:
    message = "currents-async: nofile.json: No such file or directory\n"
    assert cli("actions", "create", "nofile.json", code=1).err == message


def test_nothing_was_found(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    err = cli("runs", "find", "--branch", "nope", code=3).err
    assert err.endswith(": no complete run matches, or the project is of another organization\n")


def test_a_span_that_ends_before_it_begins(service: FakeCurrents, cli: CommandLine) -> None:
    line = ["runs", "list", "--since", "2026-01-03T10:00:00.123456Z", "--until", "2026-01-02"]
    message = "--since must not be after --until: 2026-01-03T10:00:00.123Z is after 2026-01-02"
    assert cli(*line, code=2).err == f"currents-async: {message}\n"
