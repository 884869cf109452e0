"""Where a list was left, as a string that survives the process."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from currents_async._wire.query import check_text
from currents_async.errors import InvalidArgumentError, PaginationError

_PREFIX = "v1."
_MAX_LENGTH = 64 * 1024
"""Characters of a token or a cursor."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A place in a list: behind an item with a cursor, or among the items of a numbered page."""

    of: str
    """Which list: its operation and a hash of all that is asked of it but the page."""
    cursor: str | None = None
    offset: int = 0
    """How many items are on the pages before."""
    keys: tuple[int, ...] = ()
    """Hashes of the keys of items that were handed out last."""

    @property
    def is_beginning(self) -> bool:
        """Whether nothing comes before it."""
        return self.cursor is None and not self.offset and not self.keys


def place_of_list(operation: str, target: str) -> str:
    """Return what tells one list from another."""
    return f"{operation}:{hash_key(target):x}"


def hash_key(key: str) -> int:
    """Return 53 bits, which a JSON number holds: two keys that share them are not to be met."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 11


def write_token(place: Place) -> str:
    """Return a place as a string of letters that need no quoting.

    Raises `PaginationError` when the server's cursor makes it too long to be read again.
    """
    token = _PREFIX + urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")
    if len(token) > _MAX_LENGTH:
        raise PaginationError(f"the cursor of an item is too long for a token: {len(token)}")
    return token


def read_start(start: str | None, of: str) -> Place:
    """Return the place where a list is to begin: a token's, a cursor's, or the beginning.

    Raises `InvalidArgumentError` for a token of another list, or a broken one.
    """
    if start is None:
        return Place(of)
    if isinstance(start, str) and len(start) > _MAX_LENGTH:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"start must have at most {_MAX_LENGTH:,} characters")
    check_text("start", start)
    if not start.startswith(_PREFIX):
        return Place(of, cursor=start)
    text = start.removeprefix(_PREFIX)
    try:
        place = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Place)
    except (msgspec.DecodeError, ValueError, RecursionError):
        place = None
    if place is None or place.offset < 0:
        raise InvalidArgumentError("start is no resume token, though it begins like one")
    if place.of != of:
        raise InvalidArgumentError("start is the resume token of another list, or of other filters")
    return place
