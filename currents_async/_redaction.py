"""Secrets, removed from what is shown; signatures are secrets: they give access to an asset."""

import re
from collections.abc import Callable, Iterable

_SIGNED = re.compile(
    r"""(https?://[^\s"'<>?]+)\?(?=[^\s"'<>]*(?:signature|credential|token|sig)=)[^\s"'<>]*""",
    re.IGNORECASE,
)
"""A URL that is signed as by S3, CloudFront, Google or Azure."""


def hide_signatures(text: str) -> str:
    """Return a text without the queries of signed URLs."""
    return _SIGNED.sub(r"\1?[signature]", text)


def redactor(secrets: Iterable[str], mark: str) -> Callable[[str], str]:
    """Return a function that replaces each secret in a text by a mark, the longest first."""
    longest_first = sorted(secrets, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, mark)
        return text

    return redact
