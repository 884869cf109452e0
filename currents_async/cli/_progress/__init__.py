"""Signs of life on stderr while a command waits: it does nothing for them but open a client.

On a terminal they are a line that is drawn again and again, elsewhere one that is printed from time
to time.
"""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from rich.text import Text

from currents_async.cli._progress.line import Line, find_terminal
from currents_async.cli._progress.words import Standing, Work
from currents_async.cli._streams import note

if TYPE_CHECKING:
    from currents_async import Currents
    from currents_async._clock import Timer

_FIRST = 0.5
"""Seconds that a command may take in silence."""
_EACH = 0.25
_EACH_LOGGED = 10.0


class Status:
    """What a client is doing, shown until it is closed."""

    def __init__(self, currents: "Currents", line: Line | None) -> None:
        """Take the client, and the line to draw if there is a terminal."""
        self.work: Work | None = None
        self._currents = currents
        self._line = line
        self._clock = currents.clock
        self._began = self._clock.now()
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Show nothing yet: most commands have ended before."""
        self._later(_EACH_LOGGED if self._line is None else _FIRST)

    def end(self) -> None:
        """Show nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def show(self) -> None:
        """Show how the command stands."""
        if self.work is not None:
            self.work.look()
        standing = Standing(
            work=self.work,
            rate=self._currents.rate,
            traffic=self._currents.traffic,
            began=self._began,
            now=self._clock.now(),
        )
        if self._line is None:
            note(standing.words())
        else:
            self._line.draw(standing.line(self._line.width, is_ascii=self._line.is_ascii))
        self._later(_EACH_LOGGED if self._line is None else _EACH)

    def _later(self, seconds: float) -> None:
        self._timer = self._clock.call_later(seconds, self.show)


_shown: list[Status] = []
"""That of the command that is executed: there is one terminal."""


@contextmanager
def showing(currents: "Currents") -> Generator[Status]:
    """Show what a client is doing whenever that takes long."""
    terminal = find_terminal()
    line = None if terminal is None else Line(terminal)
    status = Status(currents, line)
    with nullcontext() if line is None else line.guarded():
        status.begin()
        _shown.append(status)
        try:
            yield status
        finally:
            _shown.remove(status)
            status.end()


@contextmanager
def progress_bar(what: str, currents: "Currents") -> Generator[Work]:
    """Show how many of these things are done too, as is noted in what is yielded."""
    with nullcontext(_shown[-1]) if _shown else showing(currents) as status:
        work = status.work = Work(what, currents.clock.now())
        try:
            yield work
        finally:
            status.work = None


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Say on a terminal what takes long where no client is open."""
    # Here, since --help does without an event loop.
    import asyncio  # noqa: PLC0415

    terminal = find_terminal()
    if terminal is None:
        yield
        return
    line = Line(terminal)
    text = Text(what)
    text.truncate(line.width, overflow="crop")
    with line.guarded():
        timer = asyncio.get_running_loop().call_later(_FIRST, line.draw, text)
        try:
            yield
        finally:
            timer.cancel()


async def import_aside(module: str) -> None:
    """Import what takes long in a thread, so that the line can say so."""
    from currents_async._threads import in_thread  # noqa: PLC0415 - as above

    with waiting("loading what exports need"):
        await in_thread(partial(import_module, module))
