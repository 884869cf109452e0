"""Foreign text on the terminal: it must not draw there."""

import re

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
"""Sequences that drive a terminal (ECMA-48, section 5), and the titles of windows."""


def one_line(text: str) -> str:
    """Return a text in one line, without escape sequences and control characters."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Return a text whose control characters, line breaks too, are blanks."""
    plain = _ESCAPE.sub("", text)
    return plain if plain.isprintable() else "".join(map(_blank, plain))


def _blank(character: str) -> str:
    return character if character.isprintable() else " "
