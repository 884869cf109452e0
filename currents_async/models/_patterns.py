"""Patterns of conditions: expressions of JavaScript, as the reporter of the service takes them.

The reporter runs `new RegExp(pattern)`, without flags, on any part of a text. A pattern that this
refuses, or that the package safe-regex2 calls unsafe, never matches there.

Source: `docs/api/operations.md`, "Patterns".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from currents_async._checks import check_prose
from currents_async.errors import InvalidArgumentError

_MAX_REPETITIONS = 25
_SPACE = "\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NO_SPACE = (
    "\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
    "\u2060-\u2fff\u3001-\ufefe\uff00-\uffff"
)
_SETS = {"s": _SPACE, "S": _NO_SPACE, **{one: f"\\{one}" for one in "dDwW"}}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_ANY = "[^\n\r\u2028\u2029]"
_ASSERTIONS = {"^": r"\A", "$": r"\Z", r"\b": r"\b", r"\B": r"(?!\b)"}

# Compiled when they are needed: few programs check patterns.
_CODE = "x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})"
_CONTROL = "c([A-Za-z])"
_ZERO = "0(?![0-9])"
_QUANTIFIER = r"([*+?]|\{([0-9]+)(?:,([0-9]*))?\})(\??)"
_GROUP = r"\((?:\?(?:([:=!])|<([A-Za-z_$][A-Za-z0-9_$]*)>)|(?!\?))"


def check_pattern(name: str, pattern: str) -> str:
    """Return a pattern that can match; raise `InvalidArgumentError` for another."""
    try:
        _compile(check_prose(name, pattern))
    except _NeverMatchesError as error:
        raise InvalidArgumentError(
            f"{name} would never match: {error} in {pattern!r}. It must be an expression of "
            "JavaScript without lookbehind, flags and repetitions inside others"
        ) from None
    return pattern


def search(pattern: str, text: str) -> bool | None:
    """Return whether a pattern is found in a text; None if that takes more than `re` can do."""
    try:
        compiled = _compile(pattern)
    except _NeverMatchesError:
        return False
    return None if compiled is None else compiled.search(_units(text)) is not None


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str] | None:
    """Translate a pattern; None if `re` cannot do the same."""
    reader = _Reader(_units(pattern))
    try:
        text = reader.read()
        return re.compile(text, re.ASCII) if reader.is_translated else None
    except (re.error, OverflowError, RecursionError):
        return None


def _units(text: str) -> str:
    """Return a character for each unit of a text in UTF-16, which JavaScript takes for one."""
    if max(text, default="") < "\U00010000":
        return text
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


class _NeverMatchesError(Exception):
    """The reporter takes no such pattern."""


class _Part(NamedTuple):
    """A part of a pattern as `re` writes it, with what safe-regex2 counts in it."""

    text: str
    height: int = 0
    """How many repetitions are inside each other at most."""
    repetitions: int = 0


class _Reader:
    """Reads a pattern from the left to the right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._names: set[str] = set()
        self.is_translated = True

    def read(self) -> str:
        """Return the pattern as `re` writes it."""
        whole = self._alternatives()
        if self._at < len(self._pattern):
            raise _NeverMatchesError("a ')' without its '('")
        if whole.height > 1:
            raise _NeverMatchesError("a repetition inside another")
        if whole.repetitions > _MAX_REPETITIONS:
            raise _NeverMatchesError(f"more than {_MAX_REPETITIONS} repetitions")
        return whole.text

    def _alternatives(self) -> _Part:
        parts = [self._terms()]
        while self._take("|"):
            parts.append(self._terms())
        return _joined("|", parts)

    def _terms(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._term())
        return _joined("", parts)

    def _term(self) -> _Part:
        for written, translated in _ASSERTIONS.items():
            if self._take(written):
                return _Part(translated)
        if re.compile(_QUANTIFIER).match(self._pattern, self._at):
            raise _NeverMatchesError("nothing to repeat")
        return self._repeated(self._atom())

    def _atom(self) -> _Part:
        if self._pattern[self._at] == "(":
            return self._group()
        if self._take("["):
            return _Part(self._set())
        if self._take("."):
            return _Part(_ANY)
        char, is_set = self._char()
        return _Part(f"[{char}]" if is_set else char)

    def _group(self) -> _Part:
        found = re.compile(_GROUP).match(self._pattern, self._at)
        if found is None:
            raise _NeverMatchesError("a group of an unknown kind")
        self._at = found.end()
        kind, name = found.groups()
        if name in self._names:
            self.is_translated = False  # newer versions of JavaScript allow some of them
        self._names.add(name or "")
        inner = self._alternatives()
        if not self._take(")"):
            raise _NeverMatchesError("a '(' without its ')'")
        return inner._replace(text=f"(?{kind or ':'}{inner.text})")

    def _set(self) -> str:
        start = "[^" if self._take("^") else "["
        items: list[str] = []
        while not self._take("]"):
            items.append(self._range())
        if items:
            return f"{start}{''.join(items)}]"
        return "(?!)" if start == "[" else "[\0-\uffff]"

    def _range(self) -> str:
        first, first_is_set = self._char(inside=True)
        if self._pattern.startswith("-]", self._at) or not self._take("-"):
            return first
        last, last_is_set = self._char(inside=True)
        if first_is_set or last_is_set:
            return f"{first}\\-{last}"
        if _plain(first) > _plain(last):
            raise _NeverMatchesError("a range out of order")
        return f"{first}-{last}"

    def _char(self, *, inside: bool = False) -> tuple[str, bool]:
        """Read what stands for a character; return it, and whether it stands for several."""
        if self._at == len(self._pattern):
            raise _NeverMatchesError("a '[' without its ']'")
        if not self._take("\\"):
            self._at += 1
            return re.escape(self._pattern[self._at - 1]), False
        if self._at == len(self._pattern):
            raise _NeverMatchesError("a '\\' at the end")
        for meant in (_CODE, _CONTROL, _ZERO):
            found = re.compile(meant).match(self._pattern, self._at)
            if found is not None:
                self._at = found.end()
                return re.escape(_meaning(found)), False
        char = self._pattern[self._at]
        self._at += 1
        if char in _SETS:
            return _SETS[char], True
        if char in "0123456789ck":
            self.is_translated = False  # it depends on the groups what these are
        if inside and char == "b":
            char = "\b"
        return re.escape(_CONTROLS.get(char, char)), False

    def _repeated(self, atom: _Part) -> _Part:
        found = re.compile(_QUANTIFIER).match(self._pattern, self._at)
        if found is None:
            return atom
        self._at = found.end()
        times, low, high, lazy = found.groups()
        if low and high and int(low) > int(high):
            raise _NeverMatchesError("numbers out of order")
        text = f"{atom.text}{times}{lazy}"
        # Of what is repeated lazily, safe-regex2 does not look at the inside.
        return _Part(text, 1, 1) if lazy else _Part(text, atom.height + 1, atom.repetitions + 1)

    def _take(self, text: str) -> bool:
        taken = self._pattern.startswith(text, self._at)
        self._at += len(text) * taken
        return taken


def _joined(separator: str, parts: list[_Part]) -> _Part:
    return _Part(
        separator.join(part.text for part in parts),
        max((part.height for part in parts), default=0),
        sum(part.repetitions for part in parts),
    )


def _meaning(found: re.Match[str]) -> str:
    letter = found[0][1:]
    if found.re.pattern == _CONTROL:
        return chr(ord(letter) % 32)
    return chr(int(letter or "0", 16))


def _plain(escaped: str) -> str:
    return escaped[-1]
