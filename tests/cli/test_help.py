"""What every command says of itself, and what shells can complete."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from cyclopts import App, ArgumentCollection

from currents_async.cli._app import app, unwrapped
from currents_async.cli._export_options import Format, Storage, Table
from currents_async.cli._options import any_case
from currents_async.export import SCHEMAS, DuckDBStorage, ExportFormat
from tests.cli.stdio import CommandLine
from tests.documentation import fenced

COMMANDS = {
    "actions create",
    "actions delete",
    "actions disable",
    "actions enable",
    "actions executions",
    "actions get",
    "actions list",
    "actions tests",
    "actions update",
    "api",
    "assets download",
    "attach",
    "auth check",
    "auth login",
    "auth logout",
    "auth status",
    "cache clear",
    "cache path",
    "completion",
    "config get",
    "config list",
    "config path",
    "config set",
    "context",
    "demo",
    "errors list",
    "errors timeline",
    "export",
    "insights",
    "instances get",
    "jira create",
    "jira issue-types",
    "jira link",
    "jira projects",
    "lake check",
    "lake compact",
    "lake delete",
    "lake views",
    "lake windows",
    "mock emit",
    "mock serve",
    "open instance",
    "open run",
    "open test",
    "projects get",
    "projects list",
    "pull-requests list",
    "quarantine apply",
    "quarantine plan",
    "report flaky",
    "report run",
    "report trends",
    "run",
    "runs cancel",
    "runs delete",
    "runs diff",
    "runs find",
    "runs get",
    "runs list",
    "runs reset",
    "runs watch",
    "sessions create",
    "share",
    "spec-files list",
    "terms list",
    "tests changes",
    "tests history",
    "tests list",
    "traces digest",
    "traces download",
    "traces link",
    "webhooks create",
    "webhooks delete",
    "webhooks get",
    "webhooks list",
    "webhooks listen",
    "webhooks update",
}


def commands_of(group: App, *above: str) -> Iterator[tuple[str, App]]:
    for name in group:
        if name.startswith("-"):
            continue
        command = group[name]
        if command.default_command is None:
            yield from commands_of(command, *above, name)
        else:
            yield " ".join([*above, name]), command


@cache
def command_of(name: str) -> App:
    return dict(commands_of(app))[name]


@cache
def arguments_of(name: str) -> ArgumentCollection:
    """Return what a command takes, which is long in the making."""
    return command_of(name).assemble_argument_collection(parse_docstring=True)


def test_all_commands_are_there() -> None:
    assert {name for name, _ in commands_of(app)} == COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_has_help(name: str) -> None:
    assert command_of(name).help.strip()
    shown = [one for one in arguments_of(name) if not one.children]
    assert shown or name in {"cache clear", "cache path", "config path"}
    for argument in shown:
        assert argument.parameter.help, argument.name
        # Else it would read "[default: ()]".
        assert argument.field_info.default != () or not argument.show_default, argument.name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_words_of_the_api_are_taken_in_any_case(name: str) -> None:
    for argument in arguments_of(name):
        if any(word.isupper() for word in choices_of(argument.hint)):
            assert argument.parameter.converter is any_case, argument.name


def choices_of(kind: object) -> Iterator[str]:
    for one in get_args(kind):
        yield from [one] if isinstance(one, str) else choices_of(one)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_two_examples_that_can_be_parsed(name: str) -> None:
    command = command_of(name)
    examples = [
        shlex.split(line)[1:]
        for line in unwrapped(command.help).splitlines()
        if line.startswith("currents-async ")
    ]
    assert len(examples) >= (2 if arguments_of(name) else 1)
    for example in examples:
        found, _, _ = app.parse_args(example, exit_on_error=False, print_error=False)
        assert found is command.default_command


def test_commands_of_the_documentation_can_be_parsed() -> None:
    shell = "".join(fenced("sh") + fenced("bash")).replace("\\\n", " ")
    commands = re.findall(r"\bcurrents-async ([^|&#>)\n]+)", shell)
    assert commands
    for command in commands:
        app.parse_args(command, exit_on_error=False, print_error=False)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["runs"], ["runs", "--help"], ["runs", "diff", "--help"]],
    ids=" ".join,
)
def test_help_exits_0(arguments: list[str], cli: CommandLine) -> None:
    out, err = cli(*arguments)
    assert "Usage: currents-async" in out
    assert err == ""


def test_choices_are_those_of_the_library() -> None:
    assert set(get_args(Table)) == set(SCHEMAS)
    assert set(get_args(Storage)) == set(get_args(DuckDBStorage))
    assert set(get_args(Format)) == {*get_args(ExportFormat), "arrow"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_commands(shell: str, tmp_path: Path, cli: CommandLine) -> None:
    script = cli("completion", shell).out
    for word in ("currents-async", "quarantine", "fail-on", "inconclusive"):
        assert word in script
    path = tmp_path / "script"
    path.write_text(script)
    if (program := shutil.which(shell)) is not None:
        subprocess.run([program, "-n", path], check=True)  # noqa: S603 - checks the syntax alone


def test_an_unknown_shell(cli: CommandLine) -> None:
    assert "bash" in cli("completion", "cmd", code=2).err


def test_paragraphs_are_unwrapped() -> None:
    text = """Do something
    in two lines.

    More of it, which
    goes on.

    Parameters
    ----------
    one
        The first
        of all.
    two
        The second.

    """
    assert unwrapped(text).splitlines() == [
        "Do something in two lines.",
        "",
        "More of it, which goes on.",
        "",
        "Parameters",
        "----------",
        "one",
        "    The first of all.",
        "two",
        "    The second.",
    ]


def test_help_is_as_wide_as_the_terminal(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = cli("export", "--help").out.splitlines()
    assert max(map(len, lines)) == 60
    [begin] = [line for line in lines if line.startswith("A day becomes visible")]
    assert begin.rstrip() == "A day becomes visible as a whole, and the target is sound at"
