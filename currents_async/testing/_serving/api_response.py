"""What handlers return, and how it becomes the bytes of a response."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from currents_async._wire.refusals import CANDIDATE
from currents_async.errors import Candidate
from currents_async.testing._faulty.message import compress

T = TypeVar("T")

_CACHE_BYTES = 64 * 1024 * 1024
# Compressing takes about 15 ms for each MB: too long for the event loop of the client under test.
_LARGE = 64 * 1024


class ApiResponse(msgspec.Struct, frozen=True):
    """A success: the `data` of the envelope."""

    data: Any
    """JSON, or a function that makes it: not called if the response is in the cache."""
    key: Hashable = None
    """What the bytes of the response depend on; None keeps them out of the cache."""
    status: int = 200
    extra: dict[str, Any] = {}
    """What the envelope contains besides the data."""
    text: bool = False
    """Whether the data is Markdown, which is sent without an envelope."""
    finish: Callable[[bytes], bytes] | None = None
    """What is done to the encoded body at last."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that other responses do not have."""
        return {"Content-Type": "text/markdown; charset=utf-8"} if self.text else {}

    def encode(self) -> bytes:
        """Return the body of the response."""
        data: Any = self.data() if callable(self.data) else self.data
        if self.text:
            body: bytes = data.encode()
        else:
            body = msgspec.json.encode({"status": "OK", **self.extra, "data": data})
        return body if self.finish is None else self.finish(body)


class RefusedError(Exception):
    """A failure: raised by handlers, sent in the service's envelope."""

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`extra` is what the envelope contains besides the message."""
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.extra = extra or {}


def found(thing: T | None, what: str) -> T:
    """Return what was looked for, or refuse the request with 404."""
    if thing is None:
        raise RefusedError(404, f"{what} not found")
    return thing


def encode_failure(message: str, extra: Mapping[str, Any] | None = None) -> bytes:
    """Put a message into the service's envelope."""
    return msgspec.json.encode({"status": "FAILED", "error": message, **(extra or {})})


def encode_refusal(message: str, code: str | None, candidates: Sequence[Candidate]) -> bytes:
    """Put a message into the service's envelope, with what says why, as far as it is given."""
    listed = [
        {wire: value for wire, name in CANDIDATE.items() if (value := getattr(one, name))}
        for one in candidates
    ]
    why = {"code": code, "candidates": listed}
    return encode_failure(message, {name: value for name, value in why.items() if value})


class Encoder:
    """Encodes responses, and keeps the bytes, so that a benchmark pays for compression once."""

    def __init__(self) -> None:
        self._cache: OrderedDict[Hashable, bytes] = OrderedDict()
        self._cached_bytes = 0
        self._compressing = asyncio.Lock()

    async def encode(self, response: ApiResponse, *, gzip: bool) -> bytes:
        """Return the body of a response as it is sent."""
        key = (response.key, gzip)
        cached = self._cached(key)
        if cached is not None:
            return cached
        # Encoded before the first await, so that the bytes belong to the state that the key names.
        text = response.encode()
        if gzip and len(text) > _LARGE:
            # One at a time, so that simultaneous requests for the same data share the work.
            async with self._compressing:
                shared = self._cached(key)
                body = await asyncio.to_thread(compress, text) if shared is None else shared
        else:
            body = compress(text) if gzip else text
        if response.key is not None:
            self._keep(key, body)
        return body

    def _cached(self, key: Hashable) -> bytes | None:
        if key in self._cache:
            self._cache.move_to_end(key)
        return self._cache.get(key)

    def _keep(self, key: Hashable, body: bytes) -> None:
        self._cached_bytes += len(body) - len(self._cache.pop(key, b""))
        self._cache[key] = body
        while self._cached_bytes > _CACHE_BYTES:
            _, oldest = self._cache.popitem(last=False)
            self._cached_bytes -= len(oldest)
