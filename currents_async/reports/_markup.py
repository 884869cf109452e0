"""HTML and SVG, written tag by tag: whatever is not markup already is text, and escaped.

Pages have no style sheet and no script, since the policy under which Jenkins and others show the
files of a build forbids both (https://www.jenkins.io/doc/book/security/configuring-content-security-policy/):
what they look like is said by attributes.
"""

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from currents_async._text import MAX_LINE, MAX_TEXT, one_line, readable

Attribute = str | float | bool | None


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | None | Iterable["Content"]
"""Markup, or text to be escaped, or several of them; nothing of None."""

_EMPTY = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
"""Elements without an end tag."""


class _Parts(NamedTuple):
    """How words are parted that would make a page wider than a phone.

    Browsers end lines after hyphens, and not all of them after slashes.
    """

    long_word: re.Pattern[str]
    part: re.Pattern[str]


def _parts_of(width: int) -> _Parts:
    part = rf"(.{{1,{width - 1}}}[/._:=&,;?]|.{{{width}}})(?=.)"
    return _Parts(re.compile(rf"[^\s-]{{{width + 1},}}"), re.compile(part))


_IN_CELLS, _IN_BLOCKS = _parts_of(16), _parts_of(40)


def markup(*content: Content) -> Markup:
    """Return content as one piece of markup."""
    return Markup("".join(map(_escaped, content)))


def tag(name: str, /, *content: Content, **attributes: Attribute) -> Markup:
    """Return an element.

    An underscore in the name of an attribute is a hyphen, and is dropped at the end. Without value
    stands an attribute that is True; one that is False or None is left out.
    """
    start = f"<{name}{''.join(map(_attribute, attributes, attributes.values()))}>"
    return Markup(start if name in _EMPTY else f"{start}{markup(*content)}</{name}>")


def separated(items: Iterable[Content], by: str = " · ") -> Markup:
    """Return pieces of content in one line."""
    return Markup(escape(by).join(map(_escaped, items)))


def _escaped(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return content
    return escape(content) if isinstance(content, str) else markup(*content)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{escape(shown)}"'


def foreign(text: str | None, max_length: int = MAX_LINE) -> Markup:
    """Return a line that others wrote, which keeps its direction to itself."""
    return tag("bdi", _breakable(one_line(text, max_length), _IN_CELLS))


def foreign_block(text: str | None, max_length: int = MAX_TEXT) -> Markup:
    """Return lines that others wrote, as they stand."""
    return tag("pre", tag("bdi", _breakable(readable(text, max_length), _IN_BLOCKS)), wrap=True)


def _breakable(text: str, parts: _Parts) -> Markup:
    # A NUL does not occur in readable text.
    parted = parts.long_word.sub(lambda word: parts.part.sub("\\1\0", word[0]), text)
    return Markup(escape(parted).replace("\0", "<wbr>"))
