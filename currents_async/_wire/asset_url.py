"""URLs of assets: checked, and their signatures kept out of sight."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Self

from yarl import URL

from currents_async._redaction import redactor
from currents_async.errors import InvalidArgumentError
from currents_async.models._signed import read_expiry

_SIGNATURE = "[signature]"
SHORTEST_SECRET = 8
"""Characters: a shorter value in a query is no secret, and would be found in ordinary words."""


class AssetUrl:
    """A signed URL whose query only its own two functions can read.

    The query gives access to the asset. Like the API key it is a variable of a closure, so that no
    repr, `vars`, log, traceback with locals or pickle shows it.
    """

    __slots__ = ("expires_at", "name", "redact", "reveal", "shown")

    noun: ClassVar[str] = "the asset's URL"
    """What messages call it."""
    name: str
    """The last segment of the path, decoded; it may be empty, and anything else."""
    shown: str
    """The URL without its query."""
    expires_at: datetime | None
    """Until when the signature is valid, if the URL says so."""
    reveal: Callable[[], URL]
    """Return the URL as it is sent."""
    redact: Callable[[str], str]
    """Return a text without the query or parts of it, in case they were quoted."""

    def __init__(self, url: URL) -> None:
        self.name = url.name
        self.shown = str(url.with_query(None))
        self.expires_at = read_expiry(str(url))
        self.reveal = lambda: url
        self.redact = redactor(_secrets(url), _SIGNATURE)

    def is_asset_of(self, other: "AssetUrl") -> bool:
        """Return whether another URL leads to the same asset, however it is signed."""
        mine, theirs = self.reveal(), other.reveal()
        return _place(mine) == _place(theirs)

    def is_signed_like(self, other: "AssetUrl") -> bool:
        """Return whether another URL has the same query."""
        return self.reveal().raw_query_string == other.reveal().raw_query_string

    def redirected(self, location: str) -> Self | None:
        """Return where a redirect leads to, or None if it must not be followed.

        A redirect from https to http is not followed.
        """
        if not location or not _is_plain(location):
            return None
        here = self.reveal()
        try:
            there = here.join(URL(location, encoded=True))
        except ValueError:
            return None
        if _refusal(there) is not None or (here.scheme == "https" and there.scheme != "https"):
            return None
        return type(self)(there.with_fragment(None))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shown}>"


def read_asset_url(text: str) -> AssetUrl | InvalidArgumentError:
    """Check the URL of an asset; return the error as `read_url` does."""
    url = read_url(text, AssetUrl.noun)
    return url if isinstance(url, InvalidArgumentError) else AssetUrl(url)


def read_url(text: str, noun: str) -> URL | InvalidArgumentError:
    """Check a URL that is a secret, and leave its fragment out.

    Returns the error instead of raising it: a traceback made here would hold the URL.
    """
    # The reasons name no part of the URL.
    if not _is_plain(text):
        return InvalidArgumentError(
            f"{noun} must not contain spaces, control or non-ASCII characters"
        )
    try:
        url = URL(text, encoded=True)
        reason = _refusal(url)
    except ValueError:
        return InvalidArgumentError(f"{noun} is not a URL")
    if reason is not None:
        return InvalidArgumentError(f"{noun} {reason}")
    return url.with_fragment(None)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not {" ", "\\"} & set(text)


def _refusal(url: URL) -> str | None:
    """Return why a URL cannot be used, or None if it can."""
    host = url.host
    _ = url.port  # raises a ValueError if it is invalid
    if url.scheme not in {"http", "https"} or not host:
        return "must begin with https:// and name a host"
    if "@" in url.raw_authority:
        return "must have no user or password"
    return None


def _place(url: URL) -> tuple[str, int | None, str]:
    return (url.host or "").lower(), url.port, url.path


def _secrets(url: URL) -> set[str]:
    """Return the query, and its values in both spellings."""
    raw = [pair.partition("=")[2] for pair in url.raw_query_string.split("&")]
    found = {url.raw_query_string, url.query_string, *raw, *url.query.values()}
    return {one for one in found if len(one) >= SHORTEST_SECRET}
