"""What hosts of assets say when they refuse: in XML, each in its own words."""

import re
from http import HTTPStatus

import msgspec

_WORDS = re.compile(rb"<(Code|Message)>([^<]{1,500})</\1>")


def is_expired(status: int, body: bytes) -> bool:
    """Say whether a refusal may be for a signature whose time is over.

    S3 and CloudFront answer 403 for every reason they have; others name it.
    """
    if status == HTTPStatus.FORBIDDEN:
        return True
    unnamed = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
    return status in unnamed and b"expired" in body.lower()


def in_our_envelope(body: bytes) -> bytes:
    """Put a host's words into the envelope of a failure, where there are any in XML."""
    from html import unescape  # noqa: PLC0415 - 3 % of the time in which the library is loaded

    words = [unescape(text.decode(errors="replace")) for _, text in _WORDS.findall(body)]
    return msgspec.json.encode({"error": ": ".join(words[:2])}) if words else body
