"""An operation of the API as a constant, and a request for it as a value."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from currents_async._wire.array import ArrayField
from currents_async._wire.query import Query, encode_query, path_segment
from currents_async.errors import APIError
from currents_async.models.common import HTTPMethod

T_co = TypeVar("T_co", covariant=True)


class JsonBody(bytes):
    """JSON text that no repr and no traceback shows: the secret of a webhook may be in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes of JSON>"


class Request(msgspec.Struct, Generic[T_co], frozen=True):
    """A request ready to be sent: every argument has been checked and encoded."""

    endpoint: "Endpoint[T_co]"
    target: str
    """Path and query, percent-encoded, to be appended to the base URL."""
    body: JsonBody | None = None
    redact: Callable[[str], str] = str
    """Take out of what a server says what the request says in secret."""


class Endpoint(msgspec.Struct, Generic[T_co], frozen=True):
    """The wire facts of one operation."""

    operation: str
    """The operationId in the API's documents."""
    method: HTTPMethod
    path: str
    """Relative to the base URL, with `{placeholders}` named after our arguments."""
    returns: type[T_co]
    """What the envelope's `data` decodes into; a `CursorPage` takes its `has_more` along."""
    array: ArrayField | None = None
    """The large array in `data` that is decoded while it arrives."""
    accept: str = "application/json"
    """The content type to ask for; one that is not JSON has no envelope, and `returns` is str."""
    idempotent: bool = False
    """Whether carrying a PUT out twice is as good as once."""
    already: type[APIError] | None = None
    """How the server refuses what has been done before: after a lost answer, a success."""

    @property
    def is_json(self) -> bool:
        """Whether the answer is JSON in the API's envelope."""
        return self.accept == "application/json"

    @property
    def repeatable(self) -> bool:
        """Whether the request may be sent again when nobody knows what became of it."""
        return self.idempotent or self.method in {"GET", "DELETE"}

    def request(
        self,
        path: dict[str, str] | None = None,
        *,
        query: Query = (),
        body: Any = None,
        redact: Callable[[str], str] = str,
    ) -> Request[T_co]:
        """Check and encode the arguments; raise `InvalidArgumentError` on what cannot be sent."""
        segments = {name: path_segment(name, value) for name, value in (path or {}).items()}
        target = self.path.format_map(segments)
        if query:
            target += "?" + encode_query(query)
        text = None if body is None else JsonBody(msgspec.json.encode(body))
        return Request(self, target, text, redact)
