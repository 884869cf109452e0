import json

import pytest

from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine


def test_as_markdown_and_as_json(made: WorldRun, service: FakeCurrents, cli: CommandLine) -> None:
    summary = ("--limit", "1", "--detail", "summary", "--include-flaky")
    text = cli("context", made.run_id, *summary).out
    assert ("include_flaky", "true") in service.requests[-1].query
    assert text.startswith("#")
    assert len(cli("context", made.run_id, "--max-length", "9").out) == 10
    found = json.loads(cli("context", made.run_id, "--limit", "1", "--json").out)
    assert found["run"]["runId"] == made.run_id
    [test] = found["list"]
    options = ("--instance", test["instanceId"], "--test", test["testId"], "--attempt", "0")
    assert json.loads(cli("context", *options, "--json").out)["list"][0]["testId"] == test["testId"]


def test_no_terminal_is_driven(
    service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    headers = {"Content-Type": "text/markdown"}
    service.fail(None, status=200, body=b"# A\n\x1b[2Jred\n", headers=headers)
    assert cli("context", "r").out == "# A\nred\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "pass RUN_ID"),
        (["r", "--test", "t"], "pass RUN_ID"),
        (["r", "--attempt", "1"], "--attempt is for a test"),
        (["r", "--limit", "51"], "--limit must be at most 50, not 51"),
        (["r", "--json", "--max-length", "9"], "--max-length is for Markdown"),
    ],
)
def test_mistakes(
    service: FakeCurrents, cli: CommandLine, arguments: list[str], message: str
) -> None:
    assert message in cli("context", *arguments, code=2).err
    assert service.requests == []
