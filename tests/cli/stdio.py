"""The standard streams of commands."""

import io
import json

import pytest


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the items on stdout, as NDJSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Typing(io.StringIO):
    """A terminal on which somebody has typed an answer."""

    def isatty(self) -> bool:
        return True
