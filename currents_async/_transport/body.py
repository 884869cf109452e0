"""The body of a response as inflated slices, with iterations of the event loop in between."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol

from currents_async._queue import Queue
from currents_async._transport.aiohttp_errors import from_network
from currents_async._transport.memory import Memory, ObjectCount
from currents_async._transport.tracing import Traffic
from currents_async._wire.body_errors import OversizedBodyError
from currents_async._wire.inflate import SLICE, Inflater, inflater_for

_UNCOUNTED = 1024 * 1024
"""Bytes read ahead that are not counted: the API sends no larger bodies."""


class Content(Protocol):
    """What the bytes of a body are read from; aiohttp's `StreamReader` is one."""

    def at_eof(self) -> bool: ...
    def exception(self) -> BaseException | None: ...
    def read_nowait(self) -> bytes: ...
    async def readany(self) -> bytes: ...


class Body:
    """Reads a body slice by slice; raises `AiohttpError` and `BodyError`s.

    `on_end` is called when the network has no more data, which may be long before the reader has
    read it all. With `keep` another body can resume this one. `objects` counts those in the text.
    """

    def __init__(
        self,
        content: Content,
        encoding: str,
        limit: int,
        *,
        traffic: Traffic,
        memory: Memory,
        first: int,
        keep: bool,
        objects: ObjectCount | None,
        on_end: Callable[[], None],
        arrived: bytes | None = None,
    ) -> None:
        self._encoding = encoding
        self.wire_bytes: int = 0
        self.inflated_bytes: int = 0
        self._content = content
        self._inflater = inflater_for(self._encoding, limit, first=first)
        self._limit = limit
        self._traffic = traffic
        self._memory = memory
        self._objects = objects
        self._on_end = on_end
        self._arrived = arrived
        """The whole body, if it was taken off the network before."""
        self._has_ended = False
        """Whether the network has no more data."""
        self._slices: Iterator[bytes] = iter(())
        self._since_yield = 0
        self._kept: list[bytes] | None = [] if keep else None
        self._fetched: Queue[bytes | Exception] | None = None
        self._is_closed = False

    async def read(self) -> bytes | None:
        """Return the next slice, or None once the body has ended as it should.

        A reader that does nothing else yields to the event loop after every `SLICE` bytes.
        """
        while (text := next(self._slices, None)) is None:
            is_over = self._has_ended and self._fetched is None
            if is_over or not (chunk := await self._next_chunk()):
                self._inflater.flush()
                return None
            self._slices = self._inflater.feed(chunk)
        if self._since_yield + len(text) > SLICE:
            await asyncio.sleep(0)
            self._since_yield = 0
        self._since_yield += len(text)
        self.inflated_bytes += len(text)
        self._traffic.inflated_bytes += len(text)
        if self._objects is not None:
            self._objects.add(text)
        return text

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Prepare to be read from memory, and return what fills it, to be run in another task.

        It reads the body from the network as fast as it comes, still compressed: a slow reader
        would otherwise make the server wait, and servers hang up on that. The API sends at most
        1 MB. Its caller passes what it raises to `fail`.
        """
        fetched: Queue[bytes | Exception] = Queue(math.inf)
        self._fetched = fetched

        async def fetch() -> None:
            size = 0
            chunk = None
            while chunk != b"":
                chunk = await self._receive()
                if self._is_closed:
                    return  # the reader has left
                size += len(chunk)
                if size > self._limit:
                    raise OversizedBodyError(self._limit)
                fetched.put_now(chunk)
                if size > _UNCOUNTED:
                    await self._memory.hold(self, size)
            self._memory.leave_to_reader(self)

        return fetch

    @property
    def progress(self) -> tuple[str, list[bytes], Inflater]:
        """How far it got: the encoding, the bytes read, and the inflater that has read them."""
        return self._encoding, self._kept or [], self._inflater

    async def resume(self, broken: "Body") -> bool:
        """Go on where another body broke off; return False if the bytes before are not the same.

        The text of a gzip stream follows from its bytes, so they are what is compared.
        """
        encoding, kept, inflater = broken.progress
        seen = b"".join(kept)
        arrived = b""
        while len(arrived) < len(seen):
            chunk = await self._next_chunk()
            if not chunk:
                return False
            arrived += chunk
        if self._encoding != encoding or _timeless(arrived[: len(seen)]) != _timeless(seen):
            return False
        self._inflater = inflater
        self._slices = self._inflater.feed(arrived[len(seen) :])
        return True

    def fail(self, error: Exception) -> None:
        """Make the reader of a prefetched body see why there is no more of it."""
        if self._fetched is not None:
            self._fetched.put_now(error)

    async def _next_chunk(self) -> bytes:
        chunk = await (self._receive() if self._fetched is None else self._fetched.take())
        if chunk is None or isinstance(chunk, Exception):
            raise chunk or RuntimeError("the body was closed while it was read")
        self.wire_bytes += len(chunk)
        self._traffic.wire_bytes += len(chunk)
        if self._kept is not None:
            self._kept.append(chunk)
        return chunk

    async def _receive(self) -> bytes:
        content, chunk = self._content, self._arrived or b""
        self._arrived = None
        if not chunk and content.exception() is None:
            chunk = content.read_nowait()  # most bodies have arrived with their headers
        if not chunk and not content.at_eof():
            chunk = await from_network(content.readany())
        if not chunk or content.at_eof():
            self._has_ended = True
            self._on_end()
        return chunk

    def let_go_of_memory(self) -> None:
        """Note that all that was fetched has been read."""
        self._memory.let_go(self)

    def close(self) -> None:
        """Let go of what has been fetched and not read."""
        self._is_closed = True
        if self._fetched is not None:
            self._fetched.close()
            self._fetched = None
            self._memory.let_go(self)


def _timeless(stream: bytes) -> bytes:
    """Return a gzip stream without the time and the system of its compression, in its header."""
    return stream[:4] + stream[10:] if stream.startswith(b"\x1f\x8b") else stream
