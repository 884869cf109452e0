"""The commands of the tutorial and the guides, as printed, at a terminal of 90 columns.

Blocks of `sh` are run here, and what stands below them as `text` is what they print. Blocks of
`bash` install something, go on until they are stopped, or need what tests do not have.
"""

import os
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from anyio.from_thread import start_blocking_portal

from currents_async.cli import _export_demo as demo
from currents_async.cli import _profiles as profiles
from currents_async.cli._app import run as run_command
from currents_async.cli._mock.organisation import make_organisation
from currents_async.testing import FakeCurrents
from tests.cli.terminal import Terminal
from tests.documentation import ROOT

DOCS = ROOT / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "guides").glob("*.md"))]
COLUMNS = 90
FOUND_SOMETHING = 6
_BLOCKS = re.compile(r"^```sh\n(.*?)^```$(?:\s+^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
_PROGRAMS = re.compile(
    r"[Ss]ave this as\s`(\S+)`[^`]*^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
_AGES = re.compile(r"\d+ (min|h|d) ago")


class Block(NamedTuple):
    lines: list[str]
    output: list[str]


def blocks_of(page: Path) -> list[Block]:
    found = _BLOCKS.findall(page.read_text())
    return [Block(lines.splitlines(), output.splitlines()) for lines, output in found]


@pytest.fixture(scope="module")
def mock() -> Iterator[FakeCurrents]:
    """What `mock serve --recent --assets --specs 8` serves."""
    world = make_organisation(seed=1, projects=3, runs=10, specs=8, recent=True)
    with start_blocking_portal() as portal:
        server = FakeCurrents(world, assets=True)
        with portal.wrap_async_context_manager(server):
            yield server


@pytest.fixture
def shell(mock: FakeCurrents, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Shell":
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(profiles, "config_path", lambda: tmp_path / "config.toml")
    monkeypatch.setattr(profiles, "cache_path", lambda: tmp_path / "cache")
    monkeypatch.setattr(demo, "DAYS", 1)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("TERM", "xterm-256color")
    shell = Shell(monkeypatch, mock.url)
    for block in blocks_of(DOCS / "guides" / "index.md"):
        for line in block.lines:
            shell.run(line)
    return shell


class Shell:
    """Runs lines as a shell does, as far as the documentation needs one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        self._patch = monkeypatch
        self._url = url

    def run(self, line: str) -> list[str]:
        """Return what a person sees of it on the terminal."""
        words = shlex.split(os.path.expandvars(line))
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self._patch.setenv(name, self._url if name == "CURRENTS_API_URL" else value)
            return []
        terminal = Terminal(COLUMNS)
        with self._patch.context() as patch:
            patch.setattr("sys.stderr", terminal.file())
            patch.setattr("sys.stdout", terminal.file())
            code = self._start(*words)
        assert code in {0, FOUND_SOMETHING}, "\n".join([line, *terminal.lines])
        return terminal.lines

    def _start(self, program: str, *words: str) -> int:
        if program == "python":
            runpy.run_path(words[0], run_name="__main__")
            return 0
        assert program == "currents-async"
        if ">" not in words:
            return run_command(words)
        with Path(words[-1]).open("w") as file, self._patch.context() as patch:
            patch.setattr("sys.stdout", file)
            return run_command(words[:-2])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_do_what_the_page_shows(page: Path, shell: Shell) -> None:
    for name, program in _PROGRAMS.findall(page.read_text()):
        Path(name).write_text(program)
    for block in blocks_of(page):
        shown = [text for line in block.lines for text in shell.run(line)]
        if block.output:
            compare(shown, block.output)


def compare(shown: list[str], printed: list[str]) -> None:
    """Compare lines but for ages, and up to a line that says that there is more."""
    if printed[-1] == "…":
        printed = printed[:-1]
        shown = shown[: len(printed)]
    assert [without_ages(line) for line in shown] == [without_ages(line) for line in printed]


def without_ages(line: str) -> list[str]:
    return _AGES.sub("ago", line).split()
