"""A position in a list, and the token that keeps it for another process."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from currents_async._checks import check_text
from currents_async.errors import InvalidArgumentError, PaginationError

_PREFIX = "v1."
_MAX_LENGTH = 64 * 1024
"""Characters of a token or a cursor."""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A position in a list: after an item with a cursor, or among the items of a numbered page."""

    list_id: str
    cursor: str | None = None
    offset: int = 0
    """How many items are on the pages before."""
    fingerprints: tuple[int, ...] = ()
    """Those of the items that were handed out last."""

    @property
    def is_beginning(self) -> bool:
        """Whether nothing comes before it."""
        return self.cursor is None and not self.offset and not self.fingerprints


def identify_list(operation: str, target: str) -> str:
    """Return what identifies a list: its operation and a hash of its path and filters."""
    return f"{operation}:{hash_text(target):x}"


def hash_text(text: str) -> int:
    """Return a hash of 53 bits, which fits a JSON number; a collision is not to be expected."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 11


def write_token(position: Position) -> str:
    """Return a position as a string of characters that need no quoting.

    Raises `PaginationError` when the server's cursor makes it too long to be read again.
    """
    token = _PREFIX + urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")
    if len(token) > _MAX_LENGTH:
        raise PaginationError(f"the cursor of an item is too long for a token: {len(token)}")
    return token


def read_start(start: str | None, list_id: str) -> Position:
    """Return the position where a list is to begin: a token's, a cursor's, or the beginning.

    Raises `InvalidArgumentError` for a broken token, or that of another list.
    """
    if start is None:
        return Position(list_id)
    check_text("start", start, max_length=_MAX_LENGTH)
    if not start.startswith(_PREFIX):
        return Position(list_id, cursor=start)
    text = start.removeprefix(_PREFIX)
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        position = msgspec.json.decode(decoded, type=Position)
    except (msgspec.DecodeError, ValueError, RecursionError):
        position = None
    if position is None or position.offset < 0:
        raise InvalidArgumentError("start looks like a resume token but is not a valid one")
    if position.list_id != list_id:
        raise InvalidArgumentError("start is the resume token of another list, or of other filters")
    return position
