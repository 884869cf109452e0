"""What keeps commands from changing something by accident."""

import io
from typing import NoReturn

import pytest

from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine, Typing

WRITES = [
    ["runs", "cancel", "x"],
    ["runs", "delete", "x"],
    ["runs", "reset", "x", "--machine", "m"],
    ["actions", "delete", "x"],
    ["webhooks", "delete", "x"],
]


class TestConfirmation:
    @pytest.mark.parametrize(
        ("typed", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)]
    )
    def test_on_a_terminal(
        self,
        project: WorldProject,
        service: FakeCurrents,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
        typed: str,
        code: int,
    ) -> None:
        going_on = project.run(specs=1, running=True)
        monkeypatch.setattr("sys.stdin", Typing(typed))
        err = cli("runs", "cancel", going_on.run_id, code=code).err
        assert err.startswith(f"Cancel run {going_on.run_id}? [y/N] ")
        assert ("nothing was done" in err) == (code != 0)
        assert len(service.requests) == (code == 0)

    @pytest.mark.parametrize(
        "arguments",
        WRITES,
        ids=" ".join,
    )
    def test_no_stops_every_command(
        self,
        service: FakeCurrents,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing("no\n"))
        out, err = cli(*arguments, code=1)
        assert out == ""
        assert err.endswith("[y/N] nothing was done\n")
        assert service.requests == []

    @pytest.mark.parametrize(
        "arguments",
        [*WRITES, ["quarantine", "apply"], ["lake", "delete", "x", "--before", "7d"]],
        ids=" ".join,
    )
    def test_without_a_terminal(
        self,
        service: FakeCurrents,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        assert "pass --yes" in cli(*arguments, code=2).err
        assert service.requests == []


class TestLeavingAPrompt:
    """What is printed after it begins a line."""

    def test_by_ctrl_d(
        self, service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing(""))
        assert cli("runs", "delete", "x", code=1).err.endswith("[y/N] \nnothing was done\n")
        monkeypatch.setattr("getpass.getpass", Typed(EOFError()))
        message = "\ncurrents-async: the API key is empty\n"
        assert cli("auth", "login", code=2).err == message

    def test_by_ctrl_c(
        self, service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stdin = Typing("")
        monkeypatch.setattr(stdin, "readline", Typed(KeyboardInterrupt()))
        monkeypatch.setattr("sys.stdin", stdin)
        assert cli("runs", "delete", "x", code=130).err.endswith("[y/N] \ninterrupted\n")
        monkeypatch.setattr("getpass.getpass", Typed(KeyboardInterrupt()))
        assert cli("auth", "login", code=130).err == "\ninterrupted\n"


class Typed:
    """Stands in for a prompt that is left."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, *_: object) -> NoReturn:
        raise self._error
