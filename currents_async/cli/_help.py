"""Docstrings as help: it is the terminal that breaks their lines."""

import re
from inspect import cleandoc
from typing import Any

from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text

_BROKEN = re.compile(r"^( *)(?!-+$)(\S.*)\n\1(?!-+$)(?=\S)", re.MULTILINE)
"""A line that the next one goes on with: it is as far in, and neither underlines the other."""


class HelpFormatter(DefaultFormatter):
    """Puts each paragraph on one line before it is laid out.

    Markdown would do so too, but takes a quarter of the time that help takes.
    """

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print the help of commands or options."""
        for entry in panel.entries:
            _unwrap(entry.description)
        super().__call__(console, options, panel)

    def render_description(
        self, console: Console, options: ConsoleOptions, description: Any
    ) -> None:
        """Print what a command does."""
        _unwrap(description)
        super().render_description(console, options, description)


def _unwrap(shown: Any) -> None:
    text = getattr(shown, "primary_renderable", None)
    if isinstance(text, Text):
        text.plain = unwrapped(text.plain)


def unwrapped(text: str) -> str:
    """Return a docstring with each paragraph on one line."""
    text, broken = cleandoc(text), ""
    while text != broken:
        text, broken = _BROKEN.sub(r"\1\2 ", text), text
    return text
