"""Requests that no operation has a method for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from currents_async._wire.endpoint import Endpoint, Request
from currents_async._wire.query import check_text
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import HTTPMethod

# Path segments as RFC 3986 has them, percent-encoded already.
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")
_METHODS: tuple[HTTPMethod, ...] = get_args(HTTPMethod)


def build_request(
    method: HTTPMethod,
    path: str,
    query: Mapping[str, str] | Sequence[tuple[str, str]],
    body: object,
    returns: Any,
) -> Request[Any]:
    """Check and encode the request; raise `InvalidArgumentError` on what cannot be sent."""
    if method not in _METHODS:
        raise InvalidArgumentError(f"method must be one of {', '.join(_METHODS)}, not {method!r}")
    check_text("path", path)
    if _PATH.fullmatch(path) is None or {".", ".."} & set(path.split("/")):
        raise InvalidArgumentError(
            f"path must begin with a slash, be percent-encoded and have no query: {path!r}"
        )
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    for name, value in pairs:
        check_text("the name of a query parameter", name)
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(f"query {name} must be a str, not {value!r}")
    # The operation is told by its path in errors: it has no name.
    return Endpoint(f"{method} {path}", method, path, returns).request(query=pairs, body=body)
