"""An operation of the API as a constant, and a request for it as a value."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, get_args
from urllib.parse import quote, urlencode

import msgspec

from currents_async._checks import accepted, check_choice, check_segment, check_text, check_type
from currents_async._wire.array import ArrayField
from currents_async._wire.lasting import Lasting
from currents_async._wire.record_key import RecordKey
from currents_async.errors import APIError, InvalidArgumentError
from currents_async.models.common import HTTPMethod

T_co = TypeVar("T_co", covariant=True)

Query = Sequence[tuple[str, str]]
"""Name and value pairs in the order they are sent; a repeated name is a repeated pair."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""What nearly all IDs are: nothing to be checked, nothing to be quoted."""

# Path segments as RFC 3986 has them, percent-encoded already.
_PATH = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+"

NOT_SERVED = (404, "this operation is a preview, which the deployment may not serve")
"""The hint of operations that are seen in the vendor's own tools alone."""

_HINTS = {401: "the key or token is mistyped, expired or revoked; the service does not say which"}
_HINTS_OF_WRITES = {**_HINTS, 403: "if the API key is Read Only, use one that is Read & Write"}


class JsonBody(bytes):
    """JSON text that no repr and no traceback shows: it may contain the secret of a webhook."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes of JSON>"


class Request(msgspec.Struct, Generic[T_co], frozen=True, gc=False):
    """A request ready to be sent, with all arguments checked and encoded."""

    endpoint: "Endpoint[T_co]"
    target: str
    """Path and query, percent-encoded, to be appended to the base URL."""
    body: JsonBody | None = None
    redact: Callable[[str], str] = str
    """Remove the secrets of the request from a text of the server."""
    record_key: RecordKey | None = None
    """What the request carries instead of the client's credential."""


class Endpoint(msgspec.Struct, Generic[T_co], frozen=True, cache_hash=True):
    """The wire facts of one operation."""

    operation: str
    """The operationId in the API's documents."""
    method: HTTPMethod
    path: str
    """Relative to the base URL, with `{placeholders}` named after our arguments."""
    returns: type[T_co]
    """What the envelope's `data` decodes into; a `CursorPage` includes its `has_more`."""
    arrays: tuple[ArrayField, ...] = ()
    """Where in `data` many elements are, which are decoded while they arrive."""
    max_limit: int | None = None
    """Of a list: the most items of a page; None where no document says it."""
    accept: str = "application/json"
    """The content type to request; one that is not JSON has no envelope, and `returns` is str."""
    idempotent: bool = False
    """Whether carrying a PUT or a POST out twice does no harm."""
    already: type[APIError] | None = None
    """How the server refuses what has been done before: a success, after a lost response."""
    hints: tuple[tuple[int, str], ...] = ()
    """What statuses mean here, and what to do, where the server's message does not say it."""

    lasting: Callable[[T_co], Lasting | None] | None = None
    """Return with what the data lasts, so that the response may be kept; without it none is."""

    @property
    def is_json(self) -> bool:
        """Whether the response is JSON in the API's envelope."""
        return self.accept == "application/json"

    @property
    def repeatable(self) -> bool:
        """Whether the request may be repeated although it may have been carried out."""
        return self.idempotent or self.method in {"GET", "DELETE"}

    def hint(self, status: int) -> str:
        """Return what to add to the error for a status; mostly nothing."""
        common = _HINTS if self.method == "GET" else _HINTS_OF_WRITES
        return {**common, **dict(self.hints)}.get(status, "")

    def request(
        self,
        path: dict[str, str] | None = None,
        *,
        query: Query = (),
        body: Any = None,
        redact: Callable[[str], str] = str,
        record_key: RecordKey | InvalidArgumentError | None = None,
    ) -> Request[T_co]:
        """Check and encode the arguments; raise `InvalidArgumentError` on what cannot be sent."""
        key = None if record_key is None else accepted(record_key)
        target = self.path
        if path:
            # Not a comprehension: it would cost each request a frame.
            segments = dict(path)
            for name, value in path.items():
                segments[name] = path_segment(name, value)
            target = target.format_map(segments)
        if query:
            target += "?" + encode_query(query)
        text = None if body is None else JsonBody(msgspec.json.encode(body))
        if key is not None:
            redact = key.redact
        return Request(self, target, text, redact, key)


def build_request(
    method: HTTPMethod,
    path: str,
    query: Mapping[str, str] | Sequence[tuple[str, str]],
    body: object,
    returns: Any,
) -> Request[Any]:
    """Check and encode a request for which there is no method, or raise `InvalidArgumentError`."""
    check_choice("method", method, get_args(HTTPMethod))
    check_text("path", path)
    if re.fullmatch(_PATH, path) is None or {".", ".."} & set(path.split("/")):
        raise InvalidArgumentError(
            f"path must begin with a slash, be percent-encoded and have no query: {path!r}"
        )
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    for name, value in pairs:
        check_text("the name of a query parameter", name)
        check_type(f"query {name}", value, str)
    # It has no operation ID: errors name it by method and path.
    return Endpoint(f"{method} {path}", method, path, returns).request(query=pairs, body=body)


def path_segment(name: str, value: str) -> str:
    """Quote an ID as exactly one path segment, or raise `InvalidArgumentError`."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    return quote(check_segment(name, value), safe="")


def encode_query(query: Query) -> str:
    """Percent-encode a query; a space becomes `%20`, for `+` is a space only in forms."""
    return urlencode(query, quote_via=quote, safe="")
