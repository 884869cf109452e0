"""Paths and queries, percent-encoded."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from currents_async._checks import check_segment

Query = Sequence[tuple[str, str]]
"""Name and value pairs in the order they are sent; a repeated name is a repeated pair."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""What nearly all IDs are: nothing to be checked, nothing to be quoted."""


def path_segment(name: str, value: str) -> str:
    """Quote an ID as exactly one path segment, or raise `InvalidArgumentError`."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    return quote(check_segment(name, value), safe="")


def encode_query(query: Query) -> str:
    """Percent-encode a query; a space becomes `%20`, for `+` is a space only in forms."""
    return urlencode(query, quote_via=quote, safe="")
