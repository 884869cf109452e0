"""An HTTP proxy on 127.0.0.1 that tells what it was asked."""

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit


class Ask(NamedTuple):
    """The first line of a request to the proxy, and its headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def credentials(self) -> str | None:
        """What the client showed, as `user:password`."""
        scheme, _, encoded = self.headers.get("proxy-authorization", "").partition(" ")
        return base64.b64decode(encoded).decode() if scheme == "Basic" else None


class LoopbackProxy:
    """Forwards to where it is asked to, whatever its name, on this machine."""

    def __init__(self, scheme: str) -> None:
        self.port = 0
        self._scheme = scheme
        self.asked: list[Ask] = []
        self.refuses = False
        """Whether it wants other credentials."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [f"{ask.method} {ask.target}" for ask in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Of a connection that is kept only the first request is looked at.
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        method, target, _ = line.split(" ")
        pairs = [field.split(": ", 1) for field in fields]
        self.asked.append(Ask(method, target, {name.lower(): value for name, value in pairs}))
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        upstream = await asyncio.open_connection("127.0.0.1", parts.port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = parts._replace(scheme="", netloc="").geturl()
                upstream[1].write(head.replace(target, path, 1).encode())
            await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))
        finally:
            upstream[1].transport.abort()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def loopback_proxy(tls: ssl.SSLContext | None = None) -> AsyncGenerator[LoopbackProxy]:
    """Serve as long as the context, by TLS if there is one for it."""
    proxy = LoopbackProxy("http" if tls is None else "https")
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
