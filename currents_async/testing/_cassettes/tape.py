"""What a cassette contains, and its file."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from currents_async.errors import InvalidArgumentError


class _Kept(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Base of everything in the file."""


class Content(_Kept, frozen=True, kw_only=True):
    """A body, decoded as far as it can be; an empty one has no field at all."""

    json: Any = UNSET
    text: str | None = None
    base64: bytes | None = None

    def encode(self) -> bytes:
        """Return the bytes of the body."""
        if self.json is not UNSET:
            return msgspec.json.encode(self.json)
        return self.base64 or (self.text or "").encode()


class TapedRequest(Content, frozen=True, kw_only=True):
    """What a client sent."""

    method: str
    path: str
    """Relative to the base URL, decoded but for slashes within a segment."""
    query: dict[str, list[str]] = {}


class TapedResponse(Content, frozen=True, kw_only=True):
    """What the service sent back."""

    status: int
    headers: dict[str, str] = {}


class TapedExchange(_Kept, frozen=True, kw_only=True):
    """A request and its response."""

    request: TapedRequest
    response: TapedResponse


class Tape(_Kept, frozen=True, kw_only=True, omit_defaults=False):
    """Exchanges in the order of their requests."""

    exchanges: list[TapedExchange]
    version: Literal[1] = 1
    """The version of the format."""


def read_content(body: bytes) -> Mapping[str, Any]:
    """Return the fields of `Content` for a body."""
    if not body:
        return {}
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {"json": msgspec.json.decode(body)}
    with suppress(UnicodeDecodeError):
        return {"text": body.decode()}
    return {"base64": body}


def read_tape(path: Path) -> Tape:
    """Read a file.

    Raises `FileNotFoundError`, or an `InvalidArgumentError` that says what is wrong with it.
    """
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no cassette {path}: record it first") from None
    try:
        return msgspec.json.decode(written, type=Tape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(f"{path} is not a cassette: {error}") from None


def write_tape(path: Path, tape: Tape) -> None:
    """Write a whole file, with sorted keys and a line for each value."""
    written = msgspec.json.format(msgspec.json.encode(tape, order="sorted"), indent=2)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        partial.write_bytes(written + b"\n")
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
