"""How far a download has got, and how to request the rest (RFC 9110, section 14)."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from currents_async._wire.body_errors import CorruptBodyError, TruncatedBodyError

_STRONG_ETAG = re.compile(r'"[!#-~]*"')
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


class Progress:
    """What has arrived of an asset, and whether the rest of it can be requested."""

    def __init__(self) -> None:
        self.received = 0
        """Bytes that need not be sent again."""
        self.total: int | None = None
        """Bytes of the whole asset, if the host says."""
        self._validator: str | None = None

    def conditions(self) -> dict[str, str]:
        """Return the headers that request the rest; empty when the whole has to come again.

        Without a validator the rest could be that of another file.
        """
        if not self.received or self._validator is None:
            return {}
        return {"Range": f"bytes={self.received}-", "If-Range": self._validator}

    def goes_on(self, headers: Mapping[str, str]) -> bool:
        """Return whether a 206 is what `conditions` asked for, and note what it says."""
        found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != self.received:
            return False
        total = None if found[3] == "*" else int(found[3])
        if total is not None and self.total is not None and total != self.total:
            return False
        etag = headers.get("ETag")
        if _is_strong(etag) and _is_strong(self._validator) and etag != self._validator:
            return False
        self.total = self.total if total is None else total
        return True

    def start_anew(self, headers: Mapping[str, str]) -> None:
        """Note that the whole comes: what has arrived before is discarded."""
        self.received = 0
        self.total = _length(headers)
        self._validator = _validator(headers)

    def check_end(self, size: int) -> None:
        """Raise a `BodyError` unless the asset may end at that size."""
        if self.total is None or size == self.total:
            return
        if size < self.total:
            raise TruncatedBodyError("the body ends early")
        self._validator = None
        raise TruncatedBodyError("the body is longer than the host said")


def check_encoding(headers: Mapping[str, str]) -> None:
    """Raise `CorruptBodyError` if the bytes are not those of the asset itself."""
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise CorruptBodyError("the body is in an encoding that was not asked for")


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("Content-Length", "").strip()
    if "Transfer-Encoding" in headers or _LENGTH.fullmatch(text) is None:
        return None
    return int(text)


def _validator(headers: Mapping[str, str]) -> str | None:
    """Return the value for If-Range: one that two versions of a file never share."""
    if headers.get("Accept-Ranges", "").strip().lower() == "none":
        return None
    etag = headers.get("ETag")
    if _is_strong(etag):
        return etag
    modified = headers.get("Last-Modified")
    return modified if _is_settled(modified, headers.get("Date")) else None


def _is_strong(etag: str | None) -> bool:
    return etag is not None and _STRONG_ETAG.fullmatch(etag) is not None


def _is_settled(modified: str | None, date: str | None) -> bool:
    """Return whether a file was at least a second old when sent (RFC 9110, section 8.8.2.2).

    A younger one may have changed again with the same date.
    """
    if modified is None or date is None:
        return False
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    return age.total_seconds() >= 1
