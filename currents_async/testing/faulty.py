"""A server that misbehaves on purpose, with every byte under control."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from currents_async.errors import MisuseError
from currents_async.testing._faulty.connection import FaultyConnection
from currents_async.testing._faulty.exchange import Exchange, Fault, RawRequest
from currents_async.testing._faulty.message import response

__all__ = ["Exchange", "Fault", "FaultyServer", "RawRequest"]


class FaultyServer:
    """A raw TCP server on 127.0.0.1, in the test's event loop, that plays a script of faults.

        async with FaultyServer([faults.reset(), faults.response()]) as server:
            async with Currents("key", base_url=server.url) as currents:
                ...

    The n-th request gets the n-th fault of the script, whichever connection it arrives on. A
    single fault serves all requests. Ready-made faults are in `currents_async.testing.faults`; one
    of your own is a coroutine function:

        async def half(exchange: Exchange) -> None:
            await exchange.send(b"HTTP/1.1 200")
            exchange.close()

    An exception that a fault raises is raised again when the `async with` ends.
    """

    requests: list[RawRequest]
    """All requests, in the order in which they arrived."""
    connections: int
    """How many connections have been opened so far."""

    def __init__(self, script: Fault | Sequence[Fault] = (), *, then: Fault | None = None) -> None:
        """Make a server for one `async with`.

        Requests after the end of the script get `then`, by default the last fault of the script,
        or a valid response if the script is empty.
        """
        self.requests = []
        self.connections = 0
        self._script = [script] if callable(script) else list(script)
        self._then = then or (self._script[-1] if self._script else response())
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._serving: dict[asyncio.Task[None], FaultyConnection] = {}
        self._errors: list[BaseException] = []
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self._accepting = asyncio.create_task(self._accept(self._listener))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        listener, self._listener = self._listener, None
        if listener is None or self._accepting is None:
            return
        with listener:
            await _knock(listener)
            await self._accepting
        # One iteration of the loop, so that cancelled tasks have started, and close their sockets.
        await asyncio.sleep(0)
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)
        # Another one, in which asyncio closes the sockets that were aborted.
        await asyncio.sleep(0)
        if exc is None and self._errors:
            raise self._errors[0]

    def __repr__(self) -> str:
        place = "not open" if self._listener is None else self.url
        return f"<FaultyServer {place}, {len(self.requests)} requests>"

    @property
    def url(self) -> str:
        """The base URL for the client."""
        if self._listener is None:
            raise MisuseError("FaultyServer has a URL only inside its `async with`")
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}/v1"

    @property
    def open_connections(self) -> int:
        """How many connections are open, idle ones included."""
        return len(self._serving)

    async def wait_for_requests(self, count: int = 1) -> None:
        """Wait until this many requests have arrived in total."""
        await self._wait_until(lambda: len(self.requests) >= count)

    async def wait_for_no_connections(self) -> None:
        """Wait until no connection is open."""
        await self._wait_until(lambda: not self._serving)

    async def _wait_until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._changed.clear()
            await self._changed.wait()

    async def _accept(self, listener: socket.socket) -> None:
        """Accept connections until one arrives after the end.

        When it is closed, `asyncio.start_server` loses a connection that it has just accepted.
        """
        loop = asyncio.get_running_loop()
        while True:
            connected, _ = await loop.sock_accept(listener)
            if self._listener is None:
                connected.close()
                return
            self._connect(connected)

    def _connect(self, connected: socket.socket) -> None:
        self.connections += 1
        connection = FaultyConnection(self.connections, connected, self._choose)
        task = asyncio.create_task(connection.serve())
        self._serving[task] = connection
        task.add_done_callback(self._disconnected)

    def _disconnected(self, task: asyncio.Task[None]) -> None:
        connection = self._serving.pop(task)
        if connection.error is not None:
            self._errors.append(connection.error)
        self._changed.set()

    def _choose(self, request: RawRequest) -> Fault:
        number = len(self.requests)
        self.requests.append(request)
        self._changed.set()
        return self._script[number] if number < len(self._script) else self._then


async def _knock(listener: socket.socket) -> None:
    """Connect to a listener: cancelling the task that accepts could lose a connection."""
    with socket.socket() as knocking:
        knocking.settimeout(0)
        await asyncio.get_running_loop().sock_connect(knocking, listener.getsockname())
