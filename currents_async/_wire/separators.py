"""Guesses where an element ends and the next one begins, without parsing.

Elements mostly begin with the same key, so a comma between braces and that key are likely to part
two of them. Elements that hold objects with the same first key would mislead, so what comes after
the first value, mostly a second key, is looked at too. In an object whose values are the elements,
the ID of the next one stands in between; its values may be arrays.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_MAX_LOOKS = 16
_MAX_SPACE = 256

_WHITE = b" \t\n\r"
SPACE = rb"[ \t\n\r]{0,%d}" % _MAX_SPACE
"""A pattern of JSON's white space, bounded so that none is matched again and again."""
_STRING = rb'"(?:[^"\\]|\\.){0,%d}"' % _MAX_SPACE
_NULLS = rb"(?:null%b,%b){0,16}" % (SPACE, SPACE)
"""Elements that are none, before the first."""
_ID = rb"%b%b:%b" % (_STRING, SPACE, SPACE)
_NULLS_BY_ID = rb"(?:%bnull%b,%b){0,16}" % (_ID, SPACE, SPACE)
# `re` keeps them once they are compiled: with the library, that would take a tenth of its time.
_FIRST = rb"(?s:\[%b%b(\{%b%b))" % (SPACE, _NULLS, SPACE, _STRING)
_FIRST_BY_ID = rb"(?s:\{%b%b%b(\{%b%b|\[[{\"]?))" % (SPACE, _NULLS_BY_ID, _ID, SPACE, _STRING)
_KIND = rb'(?s:%b:%b(?:(?:%b|[^\s",{}\[\]]{1,32})%b(?:,%b(%b)|(\}))|([{\[])))' % (
    SPACE,
    SPACE,
    _STRING,
    SPACE,
    SPACE,
    _STRING,
)


class Separator(NamedTuple):
    """A place that may part two elements."""

    end: int
    """Where the brace or the bracket is that closes the first."""
    start: int
    """Where the second begins, with its ID if it has one."""
    kind: bytes | None
    """The second key of the second; None when it has not arrived yet."""


class Beginning(NamedTuple):
    """How the first element begins."""

    text: bytes
    """From its opening brace to the end of its first key."""
    end: int
    kind: bytes | None
    keyed: bool

    def separators(self, text: bytearray, since: int) -> Iterator[Separator]:
        """Guess up to `_MAX_LOOKS` separators in what has come `since`, the last one first."""
        start = len(text)
        for _ in range(_MAX_LOOKS):
            # An occurrence may overlap the one behind it by all but one byte.
            start = text.rfind(self.text, since, start + len(self.text) - 1)
            if start < 0:
                return
            found = (_before_id if self.keyed else _before_brace)(text, start)
            if found is not None:
                yield Separator(*found, _kind(text, start + len(self.text)))


def learn_beginning(text: bytearray, start: int, *, keyed: bool) -> Beginning | None:
    """Return how the first element begins; None if it is not an object, or not there yet."""
    found = re.compile(_FIRST_BY_ID if keyed else _FIRST).match(text, start)
    if found is None:
        return None
    return Beginning(found[1], found.end(), _kind(text, found.end()), keyed)


def is_hopeless(text: bytearray, start: int) -> bool:
    """Return whether `learn_beginning` has seen enough to know that it will never succeed."""
    return len(text) - start > 4 * _MAX_SPACE


def _kind(text: bytearray, end_of_key: int) -> bytes | None:
    found = re.compile(_KIND).match(text, end_of_key)
    return None if found is None else found[1] or found[2] or found[3]


def _before_brace(text: bytearray, start: int) -> tuple[int, int] | None:
    """Return where an element ends, if its brace and a comma come before the next one's."""
    if text.endswith(b"},", 0, start):
        return start - 2, start
    window = max(0, start - _MAX_SPACE)
    end = _end_before_comma(text[window:start])
    return (window + end, start) if end >= 0 and text[window + end] == ord("}") else None


def _before_id(text: bytearray, start: int) -> tuple[int, int] | None:
    """Return where an element ends, and where the ID of the next one begins."""
    window = max(0, start - _MAX_SPACE)
    before = text[window:start].rstrip(_WHITE)
    if not before.endswith(b":"):
        return None
    before = before[:-1].rstrip(_WHITE)
    quote = before.rfind(b'"', 0, -1)
    end = _end_before_comma(before[:quote]) if quote >= 0 else -1
    return (window + end, window + quote) if end >= 0 else None


def _end_before_comma(text: bytearray) -> int:
    """Return where the brace or the bracket is that comes before a comma at the end, or -1."""
    text = text.rstrip(_WHITE)
    before = text[:-1].rstrip(_WHITE)
    return len(before) - 1 if text.endswith(b",") and before.endswith((b"}", b"]")) else -1
