"""What an error says, taken apart: what was done to what, and what kind of failure that was."""

import re

import msgspec

from currents_async.testing._world.facts import Wire

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ASSERTION = re.compile(r"expect\(.*?\)\.(?:not\.)?(\w+)\(")
_TIMEOUT = re.compile(r"(?:\w+\.)?(\w+): Timeout \d+ms exceeded")
_LOCATOR = re.compile(r"locator\('(.+?)'\)")
_PROPERTY = re.compile(r"\(reading '(.+?)'\)")


class ErrorFacts(msgspec.Struct, frozen=True):
    """An error in the words of the errors explorer; None is what the error does not say."""

    message: str
    category: str
    action: str | None = None
    target: str | None = None


def classify(error: Wire) -> ErrorFacts:
    """Take the error of an attempt apart."""
    message = without_colours(error.get("message") or "")
    if timeout := _TIMEOUT.search(message):
        return ErrorFacts(message, "timeout", timeout[1], _first(_LOCATOR, message))
    if assertion := _ASSERTION.search(message):
        return ErrorFacts(message, "assertion", assertion[1], _first(_LOCATOR, message))
    return ErrorFacts(message, "exception", None, _first(_PROPERTY, message))


def without_colours(text: str) -> str:
    """Return a text without the colours of a terminal."""
    return _COLOURS.sub("", text)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found[1]
