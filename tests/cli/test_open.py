"""`open`: the dashboard, in a browser that stands in for the user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.stdio import CommandLine

DASHBOARD = "https://app.currents.dev"


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["run", "r"], "/run/r"),
        (["instance", "i"], "/instance/i"),
        (["test", "i", "t"], "/instance/i/test/t"),
    ],
    ids=["run", "instance", "test"],
)
def test_the_url_is_printed(cli: CommandLine, arguments: list[str], path: str) -> None:
    assert cli("open", *arguments, "--print").out == f"{DASHBOARD}{path}\n"
    other = cli("open", *arguments, "--print", "--host", "https://ci.example.com/").out
    assert other == f"https://ci.example.com{path}\n"


def test_without_a_browser_too(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert cli("open", "run", "r").out == f"{DASHBOARD}/run/r\n"


def test_in_a_browser(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho $1 > {tmp_path / 'opened'}\n")
    browser.chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-m", "currents_async.cli", "open", "run", "r"],
        env={**os.environ, "BROWSER": f"{browser} %s"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", f"opened {DASHBOARD}/run/r\n")
    assert (tmp_path / "opened").read_text() == f"{DASHBOARD}/run/r\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "a/b"], "RUN_ID must be one path segment"),
        (["test", "i", ""], "TEST_ID must not be empty"),
        (["run", "r", "--host", "ci.example.com"], "host must be like"),
    ],
)
def test_mistakes(cli: CommandLine, arguments: list[str], message: str) -> None:
    assert message in cli("open", *arguments, code=2).err
