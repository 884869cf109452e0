"""Secrets, removed from what is shown; signatures are secrets: they give access to an asset."""

import re
from collections.abc import Callable, Iterable, Mapping

_ADDRESS = re.compile(r"""(https?:(?:\\?/|\\u002f){2}[^\s"'<>?]+)(\?[^\s"'<>]*)?""", re.IGNORECASE)
"""A URL, in JSON too, and its query."""
_QUERY = re.compile(r"""\?[^\s"'<>]*""")
"""The query of a URL that may be relative, as in `Location`."""
_SIGNATURE = re.compile("(?:signature|credential|token|sig)=", re.IGNORECASE)
"""What a query has in it that is signed as by S3, CloudFront, Google or Azure.

It is looked for in what was found, since a pattern of both takes minutes for hostile texts.
"""
_SECRET_HEADER = re.compile(
    "auth|cookie|credential|key|password|secret|session|signature|token", re.IGNORECASE
)
"""What the name of a header has in it whose value is a secret."""


def hide_signatures(text: str) -> str:
    """Return a text without the queries of signed URLs."""
    return _ADDRESS.sub(lambda found: found[1] + _unsigned(found[2] or ""), text)


def _unsigned(query: str) -> str:
    return "?[signature]" if _SIGNATURE.search(query) else query


def safe_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return headers by name, without the secrets in them."""
    return sorted((str(name), _safe(name, value)) for name, value in headers.items())


def _safe(name: str, value: str) -> str:
    return (
        "***"
        if _SECRET_HEADER.search(name)
        else _QUERY.sub(lambda found: _unsigned(found[0]), value)
    )


def redactor(secrets: Iterable[str], mark: str) -> Callable[[str], str]:
    """Return a function that replaces each secret in a text by a mark, the longest first."""
    longest_first = sorted(secrets, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, mark)
        return text

    return redact
