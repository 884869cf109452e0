"""Paths and queries: what may be sent, and how it is percent-encoded."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from currents_async.errors import InvalidArgumentError

Query = Sequence[tuple[str, str]]
"""Name and value pairs in the order they are sent; a repeated name is a repeated pair."""

# Lone surrogates cannot be encoded, and control characters are never part of a name or an ID.
_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""What nearly all IDs are: nothing to be checked, nothing to be quoted."""


def path_segment(name: str, value: str) -> str:
    """Quote an ID as exactly one path segment, or raise `InvalidArgumentError`."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    check_text(name, value)
    if "/" in value or "\\" in value or value in {".", ".."}:
        raise InvalidArgumentError(f"{name} must be one path segment, not {value!r}")
    return quote(value, safe="")


def encode_query(query: Query) -> str:
    """Percent-encode a query; a space becomes `%20`, for `+` is a space only in forms."""
    return urlencode(query, quote_via=quote, safe="")


def check_text(name: str, value: str, *, longest: int | None = None) -> str:
    """Return text that can be sent as it is, or raise `InvalidArgumentError`."""
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} must be a str, not {type(value).__name__}")
    if not value or value.isspace():
        raise InvalidArgumentError(f"{name} must not be empty")
    if _UNSENDABLE.search(value):
        raise InvalidArgumentError(f"{name} must not contain control characters: {value!r}")
    if longest is not None and len(value) > longest:
        raise InvalidArgumentError(f"{name} must have at most {longest} characters")
    return value


def check_texts(
    name: str, values: Iterable[str], *, fewest: int = 0, most: int | None = None
) -> list[str]:
    """Return a list of texts that can be sent, or raise `InvalidArgumentError`."""
    if isinstance(values, str | bytes):
        # A str is a sequence of str too: tags="nightly" would filter by seven letters.
        kind = type(values).__name__
        raise InvalidArgumentError(f"{name} must be a sequence of str, not one {kind}")
    texts = [check_text(f"{name}[{index}]", value) for index, value in enumerate(values)]
    if len(texts) < fewest or (most is not None and len(texts) > most):
        bounds = f"at least {fewest}" if most is None else f"{fewest} to {most}"
        raise InvalidArgumentError(f"{name} must have {bounds} items, not {len(texts)}")
    return texts


def check_branch(name: str, value: str) -> str:
    """Return a branch filter that the API takes, or raise `InvalidArgumentError`.

    An exact name, or a prefix and `*`. Source: `docs/api/openapi-runs-instances.json`,
    "BranchFilterQueryValue".
    """
    check_text(name, value, longest=250)
    if re.fullmatch(r"[!-)+-~]+\*?", value) is None:
        raise InvalidArgumentError(
            f"{name} must be printable ASCII without spaces, with '*' only at the end: {value!r}"
        )
    return value


def flag(value: bool) -> str:  # noqa: FBT001 - the value is what it encodes
    """Encode a boolean as queries spell it."""
    return "true" if value else "false"


def check_flag(name: str, value: bool) -> bool:  # noqa: FBT001 - as it came
    """Return a boolean, or raise `InvalidArgumentError`."""
    if not isinstance(value, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} must be a bool, not {value!r}")
    return value
