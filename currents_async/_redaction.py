"""Secrets, removed from what is shown; signatures are secrets: they give access to an asset."""

import re
from collections.abc import Callable, Iterable, Mapping

_USER = re.compile(r"""(?<=:)((?:\\?/|\\u002f){2})(?!git@)[^\s/\\"'<>?#]*@""", re.IGNORECASE)
"""The user and the password of a URL, in JSON too."""
_QUERY = re.compile(r"""[?#][^\s"'<>]*""")
"""The query and the fragment of a URL, which may be relative, as in `Location`."""
_SIGNATURE = re.compile("(?:signature|credential|token|sig)=", re.IGNORECASE)
"""What a query has in it that is signed as by S3, CloudFront, Google or Azure.

It is looked for in what was found, since a pattern of both takes minutes for hostile texts.
"""
_DATABASE = re.compile(r"(postgres(?:ql)?://)(?:.*@)?([^?#]*).*", re.IGNORECASE | re.DOTALL)
"""The URL of a database: what is left of it is its server and its name."""
_SECRET_HEADER = re.compile(
    "auth|cookie|credential|key|password|secret|session|signature|token", re.IGNORECASE
)
"""What the name of a header has in it whose value is a secret."""


def hide_signatures(text: str) -> str:
    """Return a text without the signatures, the users and the passwords of URLs."""
    return _QUERY.sub(_unsigned, _USER.sub(r"\1***@", text))


def hide_credentials(target: object) -> str:
    """Return a path or a URL without what gives access; of databases without any options."""
    text = str(target)
    database = _DATABASE.fullmatch(text)
    return "".join(database.groups()) if database else hide_signatures(text)


def _unsigned(query: re.Match[str]) -> str:
    return f"{query[0][0]}[signature]" if _SIGNATURE.search(query[0]) else query[0]


def safe_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return headers by name, without the secrets in them."""
    return sorted((str(name), _safe(name, value)) for name, value in headers.items())


def _safe(name: str, value: str) -> str:
    return "***" if _SECRET_HEADER.search(name) else hide_signatures(value)


def redactor(secrets: Iterable[str], mark: str) -> Callable[[str], str]:
    """Return a function that replaces each secret in a text by a mark, the longest first."""
    longest_first = sorted(secrets, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, mark)
        return text

    return redact
