"""Markdown of GitHub, in which texts of others show as text: as code, that is.

Nothing else keeps them from doing something. GitHub looks for `@name`, `#12` and addresses after it
has read the Markdown, so that neither a backslash nor an entity hides them, but not in code:
https://github.com/github/markup/issues/1168 and https://github.com/github/cmark-gfm/issues/181.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from currents_async._text import MAX_LINE, MAX_TEXT, one_line, readable
from currents_async.reports._page import Column, is_page

_BACKTICKS = re.compile("`+")
_PIPE = "&#124;"
_SAFE = ":/?#@!$&*+,;=%~"
"""What stays in an address: it cannot end a link, a cell or a line."""


def code(text: str | None, max_length: int = MAX_LINE) -> str:
    """Return a text in one line as code, for paragraphs, lists, headings, cells and links.

    Since parsers differ about escaped bars in cells, bars stand between two pieces of code.
    """
    return _PIPE.join(map(_span, one_line(text, max_length).split("|")))


def _span(piece: str) -> str:
    if not piece:
        return ""
    ticks = "`" * (_longest_run(piece) + 1)
    # A space at both ends is taken away, and a backtick must not touch those around the code.
    is_padded = piece[0] == piece[-1] == " " and not piece.isspace()
    space = " " if is_padded or "`" in {piece[0], piece[-1]} else ""
    return f"{ticks}{space}{piece}{space}{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def fenced(text: str | None, language: str = "text", max_length: int = MAX_TEXT) -> str:
    """Return several lines as a block of code; nothing for an empty text."""
    shown = readable(text, max_length)
    if not shown.strip():
        return ""
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def folded(summary: str, *blocks: str) -> str:
    """Return blocks that a click on the summary shows; the summary is HTML."""
    content = "\n\n".join(filter(None, blocks))
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def code_in_html(text: str | None, max_length: int = MAX_LINE) -> str:
    """Return a text in one line as code, for the summary of what is folded."""
    return f"<code>{escape(one_line(text, max_length))}</code>"


def table(columns: Iterable[Column | str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells in Markdown; without rows, its head."""
    shown = [one if isinstance(one, Column) else Column(one) for one in columns]
    lines = ["--:" if one.align else "---" for one in shown]
    return "\n".join(map(row, ([one.name for one in shown], lines, *rows)))


def row(cells: Iterable[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def link(url: str | None, text: str) -> str:
    """Return a link around Markdown, or the Markdown alone if there is no page."""
    return f"[{text}]({quote(url, safe=_SAFE, errors='replace')})" if url and is_page(url) else text
