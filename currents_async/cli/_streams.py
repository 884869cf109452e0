"""The standard streams, and how text is written to them: nothing in it may drive a terminal.

A command runs without streams, and whatever their encoding is.
"""

import io
import os
import re
import sys
from contextlib import suppress
from typing import TextIO

from currents_async._text import without_escapes

_CONTROL = re.compile("[\x7f-\x9f]")
"""Control characters that JSON may have as they are, and that drive terminals."""
_MODIFIERS = dict.fromkeys((0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)))
"""What changes the picture before it: terminals differ in how wide both are then."""
_UNSEEN = re.compile(r"[^\n -~]")
"""Where characters are that cannot be seen, among others that can."""


def open_streams() -> None:
    """Prepare the streams of this process for everything that commands read and write.

    A stream that the parent process closed becomes the null device. Otherwise Python would print
    on stdout what is meant for stderr, and the next file to be opened would get its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
    _reconfigure_stdout(errors="replace")
    if (real := sys.__stderr__) is not None:
        sys.stderr = _Stderr(
            real.buffer, encoding=real.encoding, errors="replace", line_buffering=True
        )


def machine_stdout() -> TextIO:
    r"""Return stdout for programs: UTF-8 and \n, whatever the locale and the system are."""
    _reconfigure_stdout(encoding="utf-8", errors="replace", newline="\n")
    return sys.stdout


def drop_stdout() -> None:
    """Replace stdout, so that the interpreter's last flush raises no second error."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def complain(message: str) -> None:
    """Print an error on stderr; the message may quote a server."""
    note(f"currents-async: {message}")


def note(message: str) -> None:
    """Print a message on stderr, in one line."""
    print(one_line(message), file=sys.stderr)  # noqa: T201 - a command line prints


def one_line(text: str) -> str:
    """Return a text in one line, without escape sequences and control characters."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Return a text whose control characters, including line breaks, are blanks."""
    plain = without_escapes(text).translate(_MODIFIERS)
    if plain.isprintable():
        return plain
    return "".join(one if one.isprintable() else " " for one in plain)


def write_text(text: str) -> None:
    """Print a text of several lines for programs; on a terminal without what may drive it."""
    lines = text.removesuffix("\n").split("\n")
    shown = map(printable, lines) if sys.stdout.isatty() else lines
    machine_stdout().write("\n".join(shown) + "\n")


def safe_json(text: bytes) -> str:
    """Escape what may drive a terminal and need not stand in JSON as it is: the value is the same.

    On a terminal that includes characters that change the direction of text or cannot be seen.
    """
    pattern = _UNSEEN if sys.stdout.isatty() else _CONTROL
    return pattern.sub(_escape, text.decode(errors="replace"))


def _escape(found: re.Match[str]) -> str:
    if found[0].isprintable():
        return found[0]
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _reconfigure_stdout(**options: str) -> None:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # a stand-in for stdout may not have it
        reconfigure(**options)


class _Stderr(io.TextIOWrapper):
    """Drops what cannot be written, since there is nowhere left to report it."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()
