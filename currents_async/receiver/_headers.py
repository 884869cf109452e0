"""The headers of a delivery, whatever framework they come from."""

from collections.abc import Mapping, Sequence

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
"""Names in any case. A mapping with several values for a name must yield all in `items()`."""


def index_headers(headers: Headers) -> dict[str, list[str]]:
    """Return the values of each header, under its name in lower case."""
    values: dict[str, list[str]] = {}
    for name, value in headers if isinstance(headers, Sequence) else headers.items():
        values.setdefault(name.lower(), []).append(value)
    return values
