"""The record key of a project, which a few operations take instead of the API key.

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

from collections.abc import Callable

from currents_async._checks import key_refusal
from currents_async._redaction import redactor
from currents_async.errors import InvalidArgumentError

HEADER = "x-currents-key"


class RecordKey:
    """A record key that only its own two functions can read, like the API key."""

    __slots__ = ("redact", "reveal")

    reveal: Callable[[], str]
    """Return the value of the header."""
    redact: Callable[[str], str]
    """Return a text without the key, in case a server has quoted it."""

    def __init__(self, key: str) -> None:
        self.reveal = lambda: key
        self.redact = redactor([key], "[record key]")


def find_record_key(key: str | None) -> RecordKey | InvalidArgumentError | None:
    """Check a record key.

    Returns the error instead of raising it: a traceback made here would hold the key.
    """
    if key is None:
        return None
    reason = key_refusal(key)
    return RecordKey(key) if reason is None else InvalidArgumentError(f"record_key {reason}")
