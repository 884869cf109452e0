"""What stands below the cards of runs and instances, and what tables say that are empty."""

import msgspec
import pytest

from currents_async.cli._parts import run_status
from currents_async.models import Run
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine
from tests.support import RUN

SPAN = ("--since", "2025-12-01", "--until", "2026-02-01")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")


def table_of(out: str) -> list[str]:
    """Return the lines below the card."""
    return out.split("\n\n")[1].splitlines()


@pytest.mark.usefixtures("terminal")
def test_the_specs_of_a_run(project: WorldProject, service: FakeCurrents, cli: CommandLine) -> None:
    made = project.run(specs=4, tests=3, failures=1, flaky=1)
    heading, *rows = table_of(cli("runs", "get", made.run_id, "-o", "table").out)
    assert heading.split()[:5] == ["STATUS", "SPEC", "PASSED", "FAILED", "FLAKY"]
    assert rows[0].split()[1] == "failed"
    assert rows[-1].split()[1] == "passed"
    assert {row.split()[2] for row in rows} == {spec.path for spec in made.specs}
    assert "\n\n" not in cli("runs", "get", made.run_id, "-o", "table", "--fields", "runId").out
    assert cli("runs", "get", made.run_id).rows[0]["specs"]


@pytest.mark.usefixtures("terminal")
def test_the_tests_of_an_instance(
    project: WorldProject, service: FakeCurrents, cli: CommandLine
) -> None:
    made = project.run(specs=1, tests=5, failures=1)
    out = cli("instances", "get", str(made.specs[0].instance_id), "-o", "table").out
    heading, *rows = table_of(out)
    assert heading.split()[:2] == ["STATUS", "TEST"]
    assert [row.split()[1] for row in rows] == ["failed", *["passed"] * 4]
    [error] = cli("run", made.run_id).rows[0]["failed"]
    assert f" {error['error']} " in rows[0]


@pytest.mark.usefixtures("terminal")
def test_the_history_of_a_test_has_a_line_for_each_result(
    project: WorldProject, service: FakeCurrents, cli: CommandLine
) -> None:
    for _ in range(2):
        project.run(specs=1, tests=1, failures=1)
    [test] = cli("tests", "list", *SPAN).rows
    out = cli("tests", "history", test["signature"], *SPAN, "-o", "table").out
    heading, *rows = out.splitlines()
    assert heading.split()[:5] == ["STATUS", "AGE", "BRANCH", "ATTEMPTS", "DURATION"]
    assert [row.split()[1] for row in rows] == ["failed"] * 2
    assert not any("    at " in row for row in rows)


@pytest.mark.usefixtures("terminal", "made")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("runs list --search unheard-of", "no runs match"),
        ("tests list --since 1m", "no tests match"),
        ("webhooks list", "no webhooks"),
        ("tests history x", "no results"),
        ("actions list", "no actions match"),
    ],
)
def test_an_empty_table_says_so(cli: CommandLine, line: str, said: str) -> None:
    assert cli(*line.split(), "-o", "table").out == f"{said}\n"


@pytest.mark.parametrize(
    ("line", "page"), [("runs get r1 --web", "run/r1"), ("instances get i1 --web", "instance/i1")]
)
def test_web_opens_the_page_and_fetches_nothing(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, line: str, page: str
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    assert cli(*line.split()).out == ""
    [url] = opened
    assert url.endswith(page)


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("PASSED", "COMPLETE", "passed"),
        ("FAILED", "COMPLETE", "failed"),
        ("RUNNING", "IN_PROGRESS", "running"),
        ("FAILING", "IN_PROGRESS", "failing"),
        ("FAILED", "CANCELED", "cancelled"),
        ("PASSED", "CANCELED", "cancelled"),
        ("FAILED", "TIMEOUT", "timed out"),
    ],
)
def test_a_run_that_was_stopped_is_not_called_failed(status: str, state: str, words: str) -> None:
    run = msgspec.convert({**RUN, "status": status, "completionState": state}, Run)
    assert run_status(run) == words
