"""The last line of the terminal: drawn on stderr, and erased before a command prints anything."""

import os
import stat
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

_BEGIN = Control(ControlType.CARRIAGE_RETURN)
_END = Control((ControlType.ERASE_IN_LINE, 0))
_ERASE = b"\r\x1b[2K"
_DUMB = {"dumb", "unknown"}

_guarded: "list[Line]" = []
"""The line of the command that is executed, if it has one."""


class Line:
    """A line that is drawn again and again, and gives way to whatever else is printed."""

    def __init__(self, stderr: TextIO) -> None:
        """Take the terminal."""
        self._console = Console(file=stderr, highlight=False)
        self.is_drawn = False
        self.is_at_start = True
        """Whether the cursor is where a line begins, as far as this process has moved it."""
        self._is_over = False

    @property
    def width(self) -> int:
        """The cells of a line that does not wrap."""
        return self._console.width - 1

    @property
    def is_ascii(self) -> bool:
        """Whether the terminal shows nothing but ASCII."""
        return self._console.options.ascii_only

    def draw(self, text: Text) -> None:
        """Draw a text that is no wider than a line, in place of the last one."""
        if self._is_over or not self.is_at_start:
            return
        with self._console:  # everything in one write, which does not flicker
            self._console.control(_BEGIN)
            self._console.print(text, end="", soft_wrap=True)
            self._console.control(_END)
        self.is_drawn = True

    def erase(self) -> None:
        """Leave the cursor at the beginning of an empty line."""
        if self.is_drawn:
            self.is_drawn = False
            with self._console:
                self._console.control(_BEGIN)
                self._console.control(_END)

    @contextmanager
    def guarded(self) -> Generator[None]:
        """Let the line give way to what is printed; on exit nothing of it is left."""
        before = sys.stdout, sys.stderr
        guards = _guard(sys.stdout, self._give_way(sys.stdout)), _guard(sys.stderr, self._printed)
        sys.stdout, sys.stderr = guards
        _guarded.append(self)
        try:
            yield
        finally:
            self.erase()
            _guarded.remove(self)
            for name, guard, stream in zip(("stdout", "stderr"), guards, before, strict=True):
                if getattr(sys, name) is guard:
                    setattr(sys, name, stream)

    def _give_way(self, stdout: TextIO) -> Callable[[str], None]:
        """Return what is to be done before something is printed on stdout."""
        if stdout.isatty():
            return self._printed
        return self._handed_on if _is_pipe(stdout) else lambda _: None

    def _printed(self, text: str) -> None:
        self.erase()
        if text:
            self.is_at_start = text.endswith("\n")

    def _handed_on(self, _text: str) -> None:
        """End the line for good: the program that reads may print on this terminal at any time."""
        self.erase()
        self._is_over = True


class _Guard:
    """A stream, and what is done before something is written to it."""

    def __init__(self, stream: TextIO, before: Callable[[str], None]) -> None:
        self._stream = stream
        self._before = before

    def write(self, text: str) -> int:
        self._before(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _guard(stream: TextIO, before: Callable[[str], None]) -> TextIO:
    return cast("TextIO", _Guard(stream, before))


def _is_pipe(stream: TextIO) -> bool:
    with suppress(OSError, ValueError):
        mode = os.fstat(stream.fileno()).st_mode
        return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    return False


def find_terminal() -> TextIO | None:
    """Return stderr if a line can be drawn on it again and again."""
    is_dumb = os.environ.get("TERM", "").lower() in _DUMB
    return sys.stderr if sys.stderr.isatty() and not is_dumb else None


def line_was_typed() -> None:
    """Note that a person has ended a line, which moved the cursor to the beginning of the next."""
    for line in _guarded:
        line.is_at_start = True


def erase_at_once() -> None:
    """Erase what is drawn without Python's streams: from a signal handler, or another thread."""
    if any(line.is_drawn for line in _guarded):
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), _ERASE)
