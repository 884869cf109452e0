"""One connection of the raw server: requests in, faults out, until the client leaves."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import anyio
from multidict import CIMultiDict, CIMultiDictProxy

from currents_async.testing._faulty.exchange import Exchange, Fault, RawRequest, reset

_CHUNK = 64 * 1024
_MAX_HEAD = 1024 * 1024
_BLANK = b"\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class FaultyConnection:
    """Plays a fault for each request that comes over a connection."""

    def __init__(
        self, number: int, connected: socket.socket, choose: Callable[[RawRequest], Fault]
    ) -> None:
        self.error: BaseException | None = None
        """What a fault raised: a mistake in the script, or a failed assertion."""
        self._number = number
        self._connected = connected
        self._choose = choose
        self._received = asyncio.StreamReader(_MAX_HEAD)

    async def serve(self) -> None:
        """Serve until the client leaves or a fault closes the connection."""
        reader, writer = await asyncio.open_connection(sock=self._connected)
        # `send` must wait for the kernel, not for a buffer.
        writer.transport.set_write_buffer_limits(0)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._respond, writer)
                await self._receive(reader)
                group.cancel_scope.cancel()
        finally:
            writer.transport.abort()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        """Read all the time, also while a fault is played, to notice that the client leaves."""
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                self._received.feed_data(data)
        self._received.feed_eof()

    async def _respond(self, writer: asyncio.StreamWriter) -> None:
        try:
            await self._play(writer)
        except ConnectionError:
            writer.close()  # The client has left while something was sent.
        except asyncio.CancelledError:
            raise
        # pytest.fail() raises a BaseException.
        except BaseException as error:  # noqa: BLE001 - whatever it is, the server's exit raises it
            self.error = error
            reset(writer.transport)

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            try:
                request = await _read_request(self._received, self._number)
            except ValueError:
                writer.write(_BAD_REQUEST)
                break
            if request is None:
                break
            await self._choose(request)(Exchange(request, writer))
            if _is_last(request):
                break
        writer.close()


async def _read_request(reader: asyncio.StreamReader, connection: int) -> RawRequest | None:
    """Read one request, None at the end of the stream; raise ValueError if it is not HTTP."""
    try:
        head = await reader.readuntil(_BLANK)
        start, *lines = head.removesuffix(_BLANK).decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ")
        headers = CIMultiDict(_field(line) for line in lines)
        body = await _read_body(reader, headers)
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise ValueError("the head of the request is too long") from None
    if "Authorization" in headers:
        headers["Authorization"] = "***"
    return RawRequest(
        method=method,
        target=target,
        headers=CIMultiDictProxy(headers),
        body=body,
        connection=connection,
    )


def _is_last(request: RawRequest) -> bool:
    """Return whether the client asks to close the connection after the response."""
    return request.headers.get("Connection", "").lower() == "close"


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(f"not a header: {line!r}")
    return name, value.strip()


async def _read_body(reader: asyncio.StreamReader, headers: CIMultiDict[str]) -> bytes:
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return await _read_chunks(reader)
    return await reader.readexactly(int(headers.get("Content-Length", "0")))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass  # trailers
    return body
