"""A terminal that is emulated, and commands on it whose time passes as a test says."""

import asyncio
import io
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TextIO

import pyte
import pytest
from rich.cells import cell_len

import currents_async
from currents_async.cli._app import app
from currents_async.cli._settings import Settings
from currents_async.cli._streams import complain
from currents_async.testing import FakeCurrents, ManualClock

_FAINT, _BRIGHT_BLACK = 2, 90
"""Codes of styles (ECMA-48, section 8.3.117)."""
STEP = 0.1
_ITERATIONS = 10
"""Iterations of the event loop, in which requests get through, for each step of the clock."""


class Terminal:
    """What a person sees."""

    def __init__(self, columns: int, now: Callable[[], float] = lambda: 0.0) -> None:
        self._screen = _Screen(columns, 100)
        self._stream = pyte.Stream(self._screen)
        self._now = now
        self.columns = columns
        self.times: list[float] = []
        """When something was written."""
        self.drawn: list[str] = []
        """The line with the cursor, each time after something was written."""
        self.written = ""

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        rows = range(max(self._screen.buffer, default=0) + 1)
        return "\n".join(map(self._line, rows)).rstrip("\n").split("\n")

    @property
    def styled(self) -> list[str]:
        """The same with the styles of all that has one: `[green]✓ passed[/]  main`."""
        return [self._styled(number, cell_len(line)) for number, line in enumerate(self.lines)]

    def _line(self, number: int) -> str:
        # `display` of pyte would render all lines, each time.
        row = self._screen.buffer[number]
        return "".join(row[x].data for x in range(self.columns)).rstrip()

    def _styled(self, number: int, length: int) -> str:
        row = self._screen.buffer[number]
        runs = groupby((row[x] for x in range(length)), key=_style_of)
        texts = ((style, "".join(cell.data for cell in run)) for style, run in runs)
        return "".join(f"[{style}]{text}[/]" if style else text for style, text in texts)

    def file(self) -> io.StringIO:
        """Return a stream that writes to it."""
        return _Side(self)

    def feed(self, text: str) -> None:
        self.written += text
        self._stream.feed(text.replace("\n", "\r\n"))
        self.times.append(self._now())
        self.drawn.append(self._line(self._screen.cursor.y))


class _Screen(pyte.Screen):
    """Shows what is faint too, as bright black: pyte knows no such style."""

    def select_graphic_rendition(self, *attributes: int, **options: Any) -> None:
        shown = (_BRIGHT_BLACK if one == _FAINT else one for one in attributes)
        super().select_graphic_rendition(*shown, **options)


def _style_of(cell: Any) -> str:
    words = [name for name in ("bold", "italics", "underscore", "reverse") if getattr(cell, name)]
    colours = {"default": (), "brightblack": ("dim",), "brown": ("yellow",)}
    return " ".join([*words, *colours.get(cell.fg, (cell.fg,))])


class _Side(io.StringIO):
    encoding = "utf-8"

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._terminal.feed(text)
        return len(text)


class TimedCommands:
    """Runs commands in the event loop of the test, by a clock that goes as their requests do.

    The clock stands still while a request is on its way in real time: how long that takes depends
    on the machine.
    """

    def __init__(
        self, server: FakeCurrents, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.latency = server.before_response = Latency(clock, 0.5)
        self.clock = clock
        self.opened_at = -1.0
        """When the last client was made."""
        self._client: currents_async.Currents | None = None
        self._patch = monkeypatch
        make = Settings.client

        def with_clock(settings: Settings, **options: Any) -> currents_async.Currents:
            self.opened_at = clock.now()
            self._client = make(settings, clock=clock, **options)
            return self._client

        monkeypatch.setattr(Settings, "client", with_clock)

    def attach(
        self,
        terminal: Terminal,
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        term: str = "xterm-256color",
    ) -> None:
        """Let commands write to a terminal, or elsewhere."""
        self._patch.setenv("COLUMNS", str(terminal.columns))
        self._patch.setenv("TERM", term)
        self._patch.setattr("sys.stdout", terminal.file() if stdout is None else stdout)
        self._patch.setattr("sys.stderr", terminal.file() if stderr is None else stderr)

    async def run(self, arguments: Sequence[str]) -> int:
        """Run a command to its end, and return its exit code; 1 for any error of the library."""
        command, bound, _ = app.parse_args(arguments, exit_on_error=False)
        task = asyncio.ensure_future(command(*bound.args, **bound.kwargs))
        while not task.done():
            for _ in range(_ITERATIONS):
                await asyncio.sleep(0)
            if self._client is None or self._client.rate.in_flight <= self.latency.waiting:
                self.clock.advance(STEP)
        try:
            return await task or 0
        except currents_async.CurrentsError as error:
            complain(str(error))
            return 1


class Latency:
    """Delays each response of a server by a clock."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        self.seconds = seconds
        self.waiting = 0
        """How many responses are delayed now."""
        self._clock = clock

    async def __call__(self, _request: object) -> None:
        passed = asyncio.Event()
        self._clock.call_later(self.seconds, passed.set)
        self.waiting += 1
        try:
            await passed.wait()
        finally:
            self.waiting -= 1
