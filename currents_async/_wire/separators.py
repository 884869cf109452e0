"""Guesses where an element of an array ends and the next one begins, without parsing.

Elements mostly begin with the same key, so a comma between braces and that key are likely to part
two of them. Elements that hold objects with the same first key would mislead, so what comes after
the first value, mostly a second key, is looked at too.
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
_FIRST_KEY = re.compile(rb"\[%b%b(\{%b%b)" % (SPACE, _NULLS, SPACE, _STRING), re.DOTALL)
_KIND = re.compile(
    rb'%b:%b(?:(?:%b|[^\s",{}\[\]]{1,32})%b(?:,%b(%b)|(\}))|([{\[]))'
    % (SPACE, SPACE, _STRING, SPACE, SPACE, _STRING),
    re.DOTALL,
)


class Separator(NamedTuple):
    """A place that may part two elements."""

    brace: int
    """Where the closing brace of the first is."""
    start: int
    """Where the opening brace of the second is."""
    kind: bytes | None
    """The second key of the second; None when it has not arrived yet."""


class FirstKey(NamedTuple):
    """How the first element of an array begins."""

    text: bytes
    """From its opening brace to the end of its first key."""
    end: int
    kind: bytes | None

    def separators(self, text: bytearray, since: int) -> Iterator[Separator]:
        """Guess up to `_MAX_LOOKS` separators in what has come `since`, the last one first."""
        start = len(text)
        for _ in range(_MAX_LOOKS):
            # An occurrence may overlap the one behind it by all but one byte.
            start = text.rfind(self.text, since, start + len(self.text) - 1)
            if start < 0:
                return
            brace = _closing_brace_before(text, start)
            if brace is not None:
                yield Separator(brace, start, _kind(text, start + len(self.text)))


def learn_first_key(text: bytearray, bracket: int) -> FirstKey | None:
    """Return how the first element begins; None if it is not an object, or not there yet."""
    found = _FIRST_KEY.match(text, bracket)
    if found is None:
        return None
    return FirstKey(found[1], found.end(), _kind(text, found.end()))


def is_hopeless(text: bytearray, bracket: int) -> bool:
    """Return whether `learn_first_key` has seen enough to know that it will never succeed."""
    return len(text) - bracket > 4 * _MAX_SPACE


def _kind(text: bytearray, end_of_key: int) -> bytes | None:
    found = _KIND.match(text, end_of_key)
    return None if found is None else found[1] or found[2] or found[3]


def _closing_brace_before(text: bytearray, start: int) -> int | None:
    """Return where the closing brace is, if that and a comma come before an opening brace."""
    if text.endswith(b"},", 0, start):
        return start - 2
    window = max(0, start - _MAX_SPACE)
    before = text[window:start].rstrip(_WHITE)
    if not before.endswith(b","):
        return None
    before = before[:-1].rstrip(_WHITE)
    return window + len(before) - 1 if before.endswith(b"}") else None
