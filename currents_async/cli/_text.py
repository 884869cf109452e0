"""Text from elsewhere on the terminal, where it must not draw; and messages on stderr."""

import re
import sys

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
"""Sequences that drive a terminal (ECMA-48, section 5), and the titles of windows."""


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
    plain = _ESCAPE.sub("", text)
    return plain if plain.isprintable() else "".join(map(_blank, plain))


def _blank(character: str) -> str:
    return character if character.isprintable() else " "
