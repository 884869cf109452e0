"""A request with full access to its connection: what a fault works with."""

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable
from typing import Never, Protocol

import msgspec
from multidict import CIMultiDictProxy

# On Windows, SO_LINGER takes two shorts.
_LINGER = "hh" if sys.platform == "win32" else "ii"


class RawRequest(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request as it arrived."""

    method: str
    target: str
    """Path and query as sent, not decoded, the base URL's `/v1` included."""
    headers: CIMultiDictProxy[str]
    """All headers; the value of Authorization is `***`."""
    body: bytes
    connection: int
    """The number of the connection, from 1, in the order of opening."""


class Exchange:
    """One request, and full control of the bytes of its response.

    When the client leaves or the server stops, what a fault awaits here is cancelled. A client that
    shuts down its sending side has left.
    """

    request: RawRequest

    def __init__(self, request: RawRequest, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send these bytes and no others; return when the kernel has them all."""
        if self._writer.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._writer.write(data)
        await self._writer.drain()
        # Let a client on the same loop run: endless sending would starve it.
        await asyncio.sleep(0)

    async def pause(self, seconds: float) -> None:
        """Let time pass; 0 lets other tasks of the loop run."""
        await asyncio.sleep(seconds)

    async def wait(self) -> Never:
        """Do nothing until the client leaves or the server stops."""
        while True:
            await asyncio.Event().wait()

    def close(self) -> None:
        """Close the connection properly: the client gets everything, then the end."""
        self._writer.close()

    def reset(self) -> None:
        """Break the connection off with a TCP reset, which the client sees as an error."""
        reset(self._writer.transport)


class Fault(Protocol):
    """What responds to a request, such as a coroutine function.

    When it returns, the connection waits for its next request, unless the fault has closed it.
    """

    def __call__(self, exchange: Exchange, /) -> Awaitable[None]:
        """Respond to the request of an exchange, or do not."""
        ...


def reset(transport: asyncio.WriteTransport) -> None:
    """Abort a TCP connection so that the peer gets RST, not FIN."""
    connected: socket.socket | None = transport.get_extra_info("socket")
    if connected is not None:
        # Without time to linger, closing discards unsent data and sends RST.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
    transport.abort()
