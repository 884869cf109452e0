"""Texts of other people, made fit to be shown: they may hold anything, and be of any length."""

import re
from datetime import UTC, datetime

from currents_async._redaction import hide_signatures

UNKNOWN = "–"  # noqa: RUF001 - a dash
"""What stands for a number that is not known."""
MAX_LINE = 300
"""Characters of a text that stands in one line."""
MAX_TEXT = 4_000
"""Characters of a text of several lines."""

# These are compiled when they are needed: that takes as long as to load ten modules.
_ESCAPE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[^[])?"
"""Sequences that drive a terminal (ECMA-48, section 5), and the titles of windows."""
_UNSEEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff]"
)
"""What changes the direction of text, cannot be seen, or must not stand in XML."""
_MAY_BE_SECRET = frozenset("?#@")
"""What `hide_signatures` needs in a text to change it."""


def without_escapes(text: str) -> str:
    """Return a text without colours, and all else that drives a terminal."""
    return re.sub(_ESCAPE, "", text)


def one_line(text: str | None, max_length: int = MAX_LINE) -> str:
    """Return a text in one line without colours, with a name for each character that is unseen."""
    text = text or ""
    return _readable(" ".join(text[: 8 * max_length].split()), len(text), max_length)


def readable(text: str | None, max_length: int = MAX_TEXT) -> str:
    """Return a text without colours and signatures, with a name for each character that is unseen.

    Of a longer one, its beginning, and how many characters it has.
    """
    text = text or ""
    return _readable(text[: 8 * max_length], len(text), max_length)


def file_name(path: str) -> str:
    """Return the last part of a path in one line; without a signature, if it is an address."""
    return one_line(hide_signatures(path).rpartition("/")[2])


def _readable(head: str, length: int, max_length: int) -> str:
    if length <= max_length and head.isprintable() and _MAY_BE_SECRET.isdisjoint(head):
        return head  # as most are: nothing unseen, no line ends, no signature
    # Colours take room too; what is far beyond what will be shown is not looked at.
    head = hide_signatures(without_escapes(head))
    shown = re.sub(_UNSEEN, _named, head.replace("\r\n", "\n")[:max_length])
    if length <= 8 * max_length and len(head) <= max_length:
        return shown
    return f"{shown} … ({length:,} characters)"


def _named(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def duration(milliseconds: float | None, *, short: bool = False) -> str:
    """Return a length of time as people read it: `850 ms`, `4.2 s`, `7 min 2 s`, `1 h 4 min`.

    A short one is `850ms`, `4.2s`, `7m 2s`, `1h 4m`.
    """
    if milliseconds is None:
        return UNKNOWN
    gap, minute = ("", "m") if short else (" ", "min")
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return f"{milliseconds:.0f}{gap}ms"
    if milliseconds < 59_950:  # noqa: PLR2004 - what is not rounded to a minute
        return f"{milliseconds / 1000:.1f}{gap}s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{gap}h {minutes}{gap}{minute}"
    return f"{minutes}{gap}{minute} {seconds}{gap}s"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: `1 test`, `1,204 tests`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def utc_time(when: datetime) -> str:
    """Return a time to the second: `2026-01-05 12:30:00 UTC`."""
    return f"{in_utc(when):%Y-%m-%d %H:%M:%S} UTC"


def in_utc(when: datetime) -> datetime:
    """Return a time in UTC, or as it is told if that is beyond all dates."""
    try:
        return when.astimezone(UTC)
    except OverflowError:
        return when.replace(tzinfo=UTC)
