"""Error messages without what changes from one failure to the next of the same cause.

The messages of Playwright, Cypress and Node that decide what counts are in
`tests/analysis/failure_messages.txt`. Every expression takes time linear in the length of its line.
"""

import re
from collections.abc import Iterator

from currents_async._text import without_escapes

_MAX_TEXT = 8_000
"""Characters of a message that are looked at."""
_MAX_LINES = 60
_MAX_LINE = 1_000
_MAX_PATTERN = 500
"""Characters of a line of a pattern, less than were looked at: IDs differ in their lengths."""

_TELLING = re.compile(
    r"(Locator:|Expected(?! an image)[\w ]*:|Snapshot:|expect\(|> (?!\d+ \|)|`<"
    r"|(?:- )?(?:waiting for |→ ))"
)
"""Lines that say what the test looked for or asked for, or why, which Cypress puts further down."""
_SELECTS = ("strict mode violation", "to find element")
"""A first line with one of these contains a selector."""
_FOUND = re.compile(r"but (?:the [a-z ]{1,20} was|instead got|got|was|received|found)\b")
"""What the page had instead of it follows."""
_ACTUAL = re.compile(r"""expected (?:'(?!<)[^']*'|"(?!<)[^"]*")(?= (?:not )?to )""")
"""The value of an assertion of Chai, unless it is an element."""

# Most characters begin none of these: they are passed by the first look at each.
_START = r"(?<![A-Za-z0-9])(?=[\w/:«-])(?:"
# Where files and servers are: they are as different as the machines.
_ANYWHERE = r"""
    (?P<url>(?:https?|wss?|file|ftp|blob|webpack(?:-internal)?)://[^\s'"`<>]*)
  | (?P<path>
        (?<![\w.+~@/-])/(?:home|Users|builds|tmp|var|private|root|workspace)/[\w.+~@/-]*
      | (?:(?<![\w.+~@/-])/(?:[\w.+~@-]+/)+[\w.+~@-]*|[A-Za-z]:\\[^\s'"`:,()\[\]<>]*)
        \.[A-Za-z]{1,5}(?![\w/])
    )
"""
# In what a test looks for, only the way to the server or the file varies.
_ELSEWHERE = r"""
    (?P<url>(?:https?|wss?|file|ftp|blob|webpack(?:-internal)?)://[^\s'"`<>/]*)
  | (?P<path>(?<![\w.+~@/-])/(?:home|Users|builds|tmp|var|private|root|workspace)/(?:[\w.+~@-]+/)*)
"""
_VALUES = r"""
  | (?P<address>(?<![\w.])(?:(?:\d{1,3}\.){3}\d{1,3}|::1|localhost)(?::\d{1,5})?(?![\w.]))
  | (?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
  | (?P<id>
        [0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![A-Za-z0-9])
      | [:«]r[0-9a-z]{1,4}[:»]
    )
  | (?P<name>(?:Assertion|Cypress|Timeout)?Error:\ )
  | (?P<code>
        (?:[Ss]tatus|[Cc]ode|[Ee]rror)(?:\ code|\ of)?[ :=\#]{1,2}\d{1,3}(?![\w.,])
      | (?<![\w.])[45]\d\d(?=:?\ \(?[A-Z])
      | TS\d{4,5}\b
    )
  | (?P<time>
        (?:
            \d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?
          | (?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\ )?(?:
                (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?\ \d{1,2},?
              | \d{1,2}\ (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?
            )\ \d{4}
          | (?:\d+(?:[.,]\d+)*\ ?(?:[mn]?s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b\ ?)+(?<!\ )
        )(?![A-Za-z0-9])
    )
  | (?P<number>(?:(?<![\w\])-])-)?\d+(?:[.,:]\d+)*(?![A-Za-z0-9]))
  | (?P<word>[A-Za-z]*\d[A-Za-z0-9]*|[A-Za-z]{10,})
  )
"""
_OF_TEXT = re.compile(_START + _ANYWHERE + _VALUES, re.VERBOSE)
_OF_SELECTOR = re.compile(_START + _ELSEWHERE + _VALUES, re.VERBOSE)

_DIGITS = re.compile(r"\d+")
_SYLLABLES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_HEX = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
_MAX_UNIT = 3
_MAX_DIGITS = 2
"""Digits at one place of a name."""
_MIN_MIXED = 6
"""Characters of an ID with digits at several places."""
_MIN_RANDOM = 10
"""Characters of an ID that may have no digits: shorter ones look like words."""
_MAX_SYLLABLE = 2.2
"""Characters of a syllable of a random ID, on average; those of names are longer."""


def pattern_of(message: str) -> str:
    """Return what failures of the same cause have in common, line by line.

    These lines are the first one, and those that say what was looked for: selectors, what was
    expected. What was received instead, call logs and stacks differ between attempts at one test.
    """
    text = without_escapes(message.lstrip()[:_MAX_TEXT])
    lines = [line for line in map(str.strip, text.splitlines()) if line][:_MAX_LINES]
    if not lines:
        return ""
    return "\n".join([_of_first_line(lines[0]), *map(_of_selector, _telling(lines[1:]))])


def _telling(lines: list[str]) -> Iterator[str]:
    """Yield the first line of each kind, until the stack."""
    seen = set[str]()
    is_diff = False
    for line in lines:
        if line.startswith("at "):
            return
        found = _TELLING.match(line)
        kind = found[1].removeprefix("- ") if found else "-" if is_diff and line[0] == "-" else ""
        is_diff = is_diff or line.startswith("- Expected")
        is_known = kind in seen or (kind == "waiting for " and "Locator:" in seen)
        if kind and not is_known:
            seen.add(kind)
            yield line.removeprefix("- ")


def _of_first_line(line: str) -> str:
    line = line[:_MAX_LINE]
    if any(words in line for words in _SELECTS):
        return _of_selector(line)
    found = _FOUND.search(line)
    line = _ACTUAL.sub("expected <value>", line[: found.end()] if found else line)
    return _cut(_OF_TEXT.sub(_named, line))


def _of_selector(line: str) -> str:
    return _cut(_OF_SELECTOR.sub(_named, line[:_MAX_LINE]))


def _cut(line: str) -> str:
    return " ".join(line.split())[:_MAX_PATTERN]


def _named(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "word":
        return _without_ids(found[0])
    if kind == "name":
        # Some frameworks put it before the message, others leave it to the error.
        return ""
    return found[0] if kind == "code" else f"<{kind}>"


def _without_ids(word: str) -> str:
    """Return a word that contains digits, or is long, or what stands for it.

    Digits in names stay: `h1`, `utf8`, `e2e`.
    """
    runs = _DIGITS.findall(word)
    if word[0].isdigit():
        unit = word[len(runs[0]) :]
        is_unit = len(runs) == 1 and len(unit) <= _MAX_UNIT
        return f"<number>{'' if unit in _ORDINALS else unit}" if is_unit else "<id>"
    if _HEX.fullmatch(word) and runs:
        return "<id>"
    if len(word) >= _MIN_RANDOM and len(word) <= _MAX_SYLLABLE * len(_SYLLABLES.findall(word)):
        return "<id>"
    if len(runs) > 1:
        return "<id>" if len(word) >= _MIN_MIXED else word
    is_name = not runs or len(runs[0]) <= _MAX_DIGITS
    return word if is_name else word.replace(runs[0], "<number>")
