"""Command lines, and the standard streams of commands."""

import io
import json
from typing import Any, NamedTuple

import pytest

from currents_async.cli._app import run


class Output(NamedTuple):
    """What a command has written to stdout and stderr."""

    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The items on stdout, as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


class CommandLine:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> Output:
        """Run a command that must exit with `code`, and return what was written."""
        assert run(arguments) == code
        out, err = self._capsys.readouterr()
        return Output(out, err)


class Typing(io.StringIO):
    """A terminal on which somebody has typed an answer."""

    def isatty(self) -> bool:
        return True
