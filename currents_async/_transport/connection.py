"""How one request meets one connection: with the key, once, and only where nobody talked before."""

import asyncio
import select
from weakref import WeakSet

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from currents_async._config import is_loopback
from currents_async._transport.credential import Credential

_MOST_STALE = 1_000
"""More connections than any pool of ours keeps."""


class ConnectionLostError(aiohttp.ClientConnectionError):
    """The connection was lost, told in a way that aiohttp does not take as a cue to send again."""


class _StaleConnectionError(aiohttp.ClientConnectionError):
    """The connection cannot be used; nothing was sent."""


class SendOnce:
    """An aiohttp middleware: a request carries the key while it is sent, and is sent once.

    aiohttp itself repeats requests of some methods when a connection is lost, PUT among them.
    Without a credential, as for hosts that are not the API's, a request carries nobody's: aiohttp
    may have found one in a netrc file.
    """

    def __init__(self, credential: Credential | None) -> None:
        self._credential = credential

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request; raise `ConnectionLostError` where aiohttp would send it again."""
        if request.url.scheme == "http" and request.proxy and not _is_here(request.proxy):
            # Plain HTTP is for this machine: another one would only get to know the secret.
            request.proxy = request.proxy_auth = request.proxy_headers = None
        if self._credential is None:
            _forget_credentials(request)
        else:
            request.headers[hdrs.AUTHORIZATION] = self._credential.authorization()
        try:
            for _ in range(_MOST_STALE):
                try:
                    return await handler(request)
                except _StaleConnectionError:
                    # It is gone from the pool. With its turn the loop notices others like it.
                    await asyncio.sleep(0)
            reason = "no connection is free of what the server sent unasked"
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            reason = str(error) or type(error).__name__
        finally:
            # The answer keeps the headers of its request, and whoever waits for it shows them.
            _forget_credentials(request)
        raise ConnectionLostError(reason)


class CheckedRequest(aiohttp.ClientRequest):
    """A request that does not go out on a connection on which something has happened since.

    An answer nobody asked for would be read as the answer to this request, and the end of the
    connection as its loss. aiohttp looks only when it puts a connection back.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send on a connection, if it is new or was silent since its last answer."""
        protocol = conn.protocol
        if protocol is not None and protocol in _used:
            if protocol.should_close or _has_news(conn):
                raise _StaleConnectionError
        elif protocol is not None:
            _used.add(protocol)
        response = await super().send(conn)
        _forget_credentials(self)  # written, and no longer needed
        return response


def _is_here(proxy: URL) -> bool:
    return is_loopback(proxy.host or "")


def _forget_credentials(request: aiohttp.ClientRequest) -> None:
    for name in (hdrs.AUTHORIZATION, hdrs.PROXY_AUTHORIZATION):
        request.headers.popall(name, None)


_used: WeakSet[ResponseHandler] = WeakSet()


def _has_news(connection: Connection) -> bool:
    """Say whether bytes, or the end, have arrived that the event loop has not seen yet."""
    transport = connection.transport
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))
