"""What commands show people: on terminals of four widths, with and without colour, and in pipes.

What they are to show is in `snapshots/`, a file for each command. After a change that is meant,
`SNAPSHOTS=write pytest tests/cli/test_snapshots.py` writes them anew: read what has changed.
"""

import io
import json
import os
import re
import shlex
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import datetime, tzinfo
from functools import cache
from inspect import BoundArguments, signature
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Self, TextIO

import pytest
from cyclopts import App

from currents_async import Currents
from currents_async.cli._app import app
from currents_async.cli._settings import Settings
from currents_async.testing import FakeCurrents, RunningClock
from tests.cli.snapshots.commands import OTHERS, READING, WRITING
from tests.cli.snapshots.shop import (
    NOW,
    export_lake,
    furnish,
    make_shop,
    words_of_shop,
    write_files,
)
from tests.cli.terminal import Terminal
from tests.cli.test_help import commands_of

SNAPSHOTS = Path(__file__).parent / "snapshots"
IS_WRITING = os.environ.get("SNAPSHOTS") == "write"
COMMANDS = {**READING, **WRITING}
WIDTHS = (40, 80, 120, 200)
COLOURED_AT = 120
SIGNS = {"red": "✗", "yellow": "~", "green": "✓━╸", "cyan": "…"}
"""What stands where there is a colour: bars of spec files that passed have no sign."""
STYLED = re.compile(r"\[(?:bold )?(red|yellow|green|cyan)\](.*?)\[/\]")
LINKS = {"share", "traces link"}
"""Commands whose lines may wrap: an address is copied as a whole."""
IN_ASCII = "?+x-.=>~"
"""What may stand for a character that an encoding lacks."""
PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
"""It differs each time, and is as long."""


class StandingClock(RunningClock):
    """A clock by which it is always the same moment of the same day."""

    def wall(self) -> float:
        return NOW.timestamp()


class Then(datetime):
    """A datetime whose now is that moment."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(NOW.timestamp(), tz)


class Shop(NamedTuple):
    """A service, and what the arguments of commands are about."""

    server: FakeCurrents
    words: dict[str, str]

    @classmethod
    @asynccontextmanager
    async def opened(cls, name: str) -> AsyncGenerator[Self]:
        clock = StandingClock()
        async with FakeCurrents(make_shop(), assets=True, clock=clock) as server:
            words = words_of_shop()
            async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
                made = await furnish(currents, words)
                if name.startswith("lake "):
                    await export_lake(currents, words["project"])
            yield cls(server, words | made)


@cache
def parsed(*words: str) -> tuple[Any, BoundArguments, object]:
    """Parse a command line, which takes longer than to run most."""
    return app.parse_args(words, exit_on_error=False, print_error=False)


class Commands:
    """Runs a command in the event loop of the test, each time in the same circumstances."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch, shop: Shop | None) -> None:
        """Take the service of a command that changes nothing, and can be run there again."""
        self._name = name
        self._patch = monkeypatch
        self._shop = shop
        self.err = ""
        """What the last one has written to stderr."""

    async def on_terminal(self, width: int, **environment: str) -> Terminal:
        terminal = Terminal(width)
        await self._run(terminal.file(), COLUMNS=str(width), **environment)
        return terminal

    async def in_pipe(self, *options: str, encoding: str = "utf-8") -> str:
        pipe = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
        await self._run(pipe, *options)
        pipe.seek(0)
        return pipe.read()

    async def _run(self, stdout: TextIO, *options: str, **environment: str) -> None:
        async with nullcontext(self._shop) if self._shop else Shop.opened(self._name) as shop:
            command, bound, _ = parsed(*self._words(shop), *options)
            with self._patch.context() as patch:
                self._prepare(patch, shop, environment)
                patch.setattr("sys.stdout", stdout)
                patch.setattr("sys.stderr", err := io.StringIO())
                await command(*bound.args, **bound.kwargs)
                stdout.flush()
        self.err = err.getvalue()

    def _words(self, shop: Shop) -> list[str]:
        return shlex.split(f"{self._name} {COMMANDS[self._name]}".format(**shop.words))

    @staticmethod
    def _prepare(patch: pytest.MonkeyPatch, shop: Shop, environment: dict[str, str]) -> None:
        variables = {
            "CURRENTS_API_KEY": shop.server.api_key,
            "CURRENTS_API_URL": shop.server.url,
            "CURRENTS_PROJECT_ID": shop.words["project"],
            "TERM": "xterm-256color",
            **environment,
        }
        for variable, value in variables.items():
            patch.setenv(variable, value)
        make = Settings.client

        def with_clock(settings: Settings, **options: Any) -> Currents:
            return make(settings, clock=StandingClock(), **options)

        patch.setattr(Settings, "client", with_clock)
        for module in ("_output.columns", "_run_watch"):
            patch.setattr(f"currents_async.cli.{module}.datetime", Then)


@pytest.fixture
async def commands(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Commands]:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    for variable in ("FORCE_COLOR", "NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(variable, raising=False)
    with in_utc(monkeypatch):
        async with Shop.opened(name) if name in READING else nullcontext() as shop:
            yield Commands(name, monkeypatch, shop)


@contextmanager
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let local times be those of UTC, where the system lets a process choose."""
    set_zone = getattr(time, "tzset", lambda: None)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        set_zone()
        yield
    set_zone()


def test_every_command_that_prints_items_is_here() -> None:
    printing = {name for name, command in commands_of(app) if prints_items(command)}
    assert {*COMMANDS, *OTHERS} == printing


def prints_items(command: App) -> bool:
    function = command.default_command
    return function is not None and bool({"common", "output"} & {*signature(function).parameters})


def test_every_file_is_of_a_command() -> None:
    files = {path.stem: path for path in SNAPSHOTS.glob("*.txt")}
    left = {*files} - {*map(stem_of, COMMANDS)}
    if IS_WRITING:
        for stem in left:
            files[stem].unlink()
    else:
        assert not left


def stem_of(name: str) -> str:
    return name.replace(" ", "-")


@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_what_people_see(name: str, commands: Commands) -> None:
    terminals = {width: await commands.on_terminal(width) for width in WIDTHS}
    for terminal in terminals.values():
        assert terminal.written.endswith("\n")
        if name not in LINKS:
            assert len(terminal.lines) == terminal.written.count("\n"), "a line wraps"
        for line in terminal.styled:
            for colour, text in STYLED.findall(line):
                assert set(text) & set(SIGNS[colour]), "a colour alone"
    compare(name, "\n\n".join(sections_of(name, terminals, commands.err)) + "\n")


def sections_of(name: str, terminals: dict[int, Terminal], err: str) -> Iterator[str]:
    yield f"$ currents-async {name} {COMMANDS[name]}".rstrip()
    for text, widths in groupby(WIDTHS, key=lambda width: text_of(terminals[width].lines)):
        yield f"──── {' and '.join(map(str, widths))} columns\n{text}"
    yield f"──── styles at {COLOURED_AT} columns\n{text_of(terminals[COLOURED_AT].styled)}"
    if err:
        yield f"──── on stderr\n{text_of(err.splitlines())}"


def text_of(lines: list[str]) -> str:
    return PORT.sub("40000", "\n".join(lines))


def compare(name: str, text: str) -> None:
    path = SNAPSHOTS / f"{stem_of(name)}.txt"
    if IS_WRITING:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(READING))
async def test_what_others_see(name: str, commands: Commands) -> None:
    """Without colours there are the same characters, and in a pipe nothing but text."""
    expected = (await commands.on_terminal(COLOURED_AT)).lines
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        terminal = await commands.on_terminal(COLOURED_AT, **environment)
        assert "\x1b" not in terminal.written
        assert terminal.lines == expected
    piped = await commands.in_pipe("-o", "table")
    assert piped.endswith("\n")
    assert "\x1b" not in piped
    for encoding in ("cp1252", "ascii"):
        other = await commands.in_pipe("-o", "table", encoding=encoding)
        assert all(b in (a, *IN_ASCII) for a, b in zip(piped, other, strict=True))
    machine = await commands.in_pipe()
    assert not machine or machine.endswith("\n")
    assert all(isinstance(json.loads(line), dict) for line in machine.splitlines())
