"""Requests for which there is no method."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from currents_async._checks import check_choice, check_text, check_type
from currents_async._wire.endpoint import Endpoint, Request
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import HTTPMethod

# Path segments as RFC 3986 has them, percent-encoded already.
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")


def build_request(
    method: HTTPMethod,
    path: str,
    query: Mapping[str, str] | Sequence[tuple[str, str]],
    body: object,
    returns: Any,
) -> Request[Any]:
    """Check and encode the request, or raise `InvalidArgumentError`."""
    check_choice("method", method, get_args(HTTPMethod))
    check_text("path", path)
    if _PATH.fullmatch(path) is None or {".", ".."} & set(path.split("/")):
        raise InvalidArgumentError(
            f"path must begin with a slash, be percent-encoded and have no query: {path!r}"
        )
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    for name, value in pairs:
        check_text("the name of a query parameter", name)
        check_type(f"query {name}", value, str)
    # It has no operation ID: errors name it by method and path.
    return Endpoint(f"{method} {path}", method, path, returns).request(query=pairs, body=body)
