"""Secrets, removed from what is shown; signatures are secrets: they give access to an asset."""

import re
from collections.abc import Callable, Iterable, Mapping

_SIGNED = re.compile(
    r"""(https?://[^\s"'<>?]+)\?(?=[^\s"'<>]*(?:signature|credential|token|sig)=)[^\s"'<>]*""",
    re.IGNORECASE,
)
"""A URL that is signed as by S3, CloudFront, Google or Azure."""

_SIGNED_HERE = re.compile(
    r"""\?(?=[^\s"'<>]*(?:signature|credential|token|sig)=)[^\s"'<>]*""", re.IGNORECASE
)
"""The query of a signed URL that may be relative, as in `Location`."""
_SECRET_HEADER = re.compile(
    "auth|cookie|credential|key|password|secret|session|signature|token", re.IGNORECASE
)
"""What the name of a header has in it whose value is a secret."""


def hide_signatures(text: str) -> str:
    """Return a text without the queries of signed URLs."""
    return _SIGNED.sub(r"\1?[signature]", text)


def safe_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return headers by name, without the secrets in them."""
    return sorted((str(name), _safe(name, value)) for name, value in headers.items())


def _safe(name: str, value: str) -> str:
    return "***" if _SECRET_HEADER.search(name) else _SIGNED_HERE.sub("?[signature]", value)


def redactor(secrets: Iterable[str], mark: str) -> Callable[[str], str]:
    """Return a function that replaces each secret in a text by a mark, the longest first."""
    longest_first = sorted(secrets, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, mark)
        return text

    return redact
