"""The headers of a webhook, which contain its shared secret: checked, encoded, and hidden."""

import re
from collections.abc import Callable, Mapping

import msgspec
from msgspec import UNSET, UnsetType

from currents_async._checks import is_header_name
from currents_async._redaction import redactor
from currents_async.errors import InvalidArgumentError

# RFC 9110, section 5.5.
_VALUE = re.compile("[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_MAX_TEXT = 4096
_MIN_SECRET = 4
"""Characters: shorter values are not secrets, and occur in ordinary words."""
_MIN_TOKEN = 8
"""The same for a part of a value, such as the token after `Bearer`."""


class SealedHeaders:
    """Headers that can be sent but not shown: no repr or traceback contains their values."""

    __slots__ = ("redact", "wire")

    wire: msgspec.Raw | InvalidArgumentError
    """The headers as JSON text, encoded as a JSON string; its repr shows nothing.

    Or why they cannot be sent: an error raised in here would hold the values in its traceback.
    """
    redact: Callable[[str], str]
    """Return a text without their values, in case a server has quoted them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.wire = _encode(headers)
        is_sound = isinstance(self.wire, msgspec.Raw)
        self.redact = redactor(_secrets_of(headers), "[secret]") if is_sound else str


Sealed = SealedHeaders | UnsetType | None


def seal(headers: Mapping[str, str] | UnsetType | None) -> Sealed:
    """Seal headers; None and UNSET stay as they are."""
    return headers if headers is None or headers is UNSET else SealedHeaders(headers)


def unseal(_name: str, sealed: SealedHeaders) -> msgspec.Raw:
    """Return what is sent, or raise `InvalidArgumentError`."""
    if isinstance(sealed.wire, InvalidArgumentError):
        raise sealed.wire
    return sealed.wire


def redact_of(sealed: Sealed) -> Callable[[str], str]:
    """Return a function that removes the values of headers, if there are any, from a text."""
    return sealed.redact if isinstance(sealed, SealedHeaders) else str


def _encode(headers: Mapping[str, str]) -> msgspec.Raw | InvalidArgumentError:
    if not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        return InvalidArgumentError(f"headers must be a mapping, not {type(headers).__name__}")
    for name, value in headers.items():
        if not is_header_name(name):
            return InvalidArgumentError(f"headers: {name!r} is not the name of a header")
        if not isinstance(value, str) or _VALUE.fullmatch(value) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            return InvalidArgumentError(f"headers: the value of {name!r} cannot be sent")
    text = msgspec.json.encode(dict(headers)).decode()
    if len(text) > _MAX_TEXT:
        return InvalidArgumentError(f"headers must have at most {_MAX_TEXT:,} characters as JSON")
    return msgspec.Raw(msgspec.json.encode(text))


def _secrets_of(headers: Mapping[str, str]) -> set[str]:
    """Return what must not be shown: values, their parts, and both as JSON spells them."""
    secrets = {value for value in headers.values() if len(value) >= _MIN_SECRET}
    for value in headers.values():
        secrets |= {part for part in value.split() if len(part) >= _MIN_TOKEN}
    return secrets | {msgspec.json.encode(secret).decode()[1:-1] for secret in secrets}
