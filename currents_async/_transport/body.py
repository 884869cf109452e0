"""The body of an answer as inflated slices, with the event loop's turns in between."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio

from currents_async._transport.faults import FOREIGN
from currents_async._transport.traffic import Traffic
from currents_async._wire.inflate import SLICE, inflater_for

if TYPE_CHECKING:  # anyio loads its parts when they are first used
    from anyio.streams.memory import MemoryObjectReceiveStream


class Body:
    """Reads a body slice by slice; raises what aiohttp raises, and `BodyFault`s."""

    def __init__(
        self, response: aiohttp.ClientResponse, limit: int, traffic: Traffic, *, first: int = SLICE
    ) -> None:
        encoding = response.headers.get("Content-Encoding", "")
        self._content = response.content
        self._inflater = inflater_for(encoding, limit, first=first)
        self._traffic = traffic
        self._slices: Iterator[bytes] = iter(())
        self._since_turn = 0
        self._fetched: MemoryObjectReceiveStream[bytes | Exception] | None = None

    async def read(self) -> bytes | None:
        """Return the next slice, or None once the body has ended as it should.

        A reader that does nothing else lets the loop have its turn for every `SLICE` bytes.
        """
        while (piece := next(self._slices, None)) is None:
            chunk = await self._next_chunk()
            if not chunk:
                self._inflater.flush()
                return None
            self._traffic.wire_bytes += len(chunk)
            self._slices = self._inflater.feed(chunk)
        if self._since_turn + len(piece) > SLICE:
            await asyncio.sleep(0)
            self._since_turn = 0
        self._since_turn += len(piece)
        self._traffic.inflated_bytes += len(piece)
        return piece

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Make ready to be read from memory, and return what fills it, to be run in another task.

        It takes the body off the network as fast as it comes, still compressed: a slow reader
        would otherwise make the server wait, and servers hang up on that. The API sends at most
        1 MB.
        """
        send, self._fetched = anyio.create_memory_object_stream[bytes | Exception](math.inf)

        async def fetch() -> None:
            with send:
                try:
                    while chunk := await self._content.readany():
                        send.send_nowait(chunk)
                except FOREIGN as error:
                    send.send_nowait(error)

        return fetch

    async def _next_chunk(self) -> bytes:
        if self._fetched is None:
            return await self._content.readany()
        try:
            chunk = await self._fetched.receive()
        except anyio.EndOfStream:
            return b""
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self) -> None:
        """Let go of what has been fetched and not read."""
        if self._fetched is not None:
            self._fetched.close()
