"""How one request uses one connection: with the key, once, and only if nothing else came on it."""

import asyncio
import select
from collections.abc import Callable, Sized
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from currents_async._config import is_loopback
from currents_async._transport.credential import Credential
from currents_async._wire.record_key import HEADER as RECORD_KEY
from currents_async._wire.record_key import RecordKey

_MAX_STALE = 1_000
"""More than the connections that any pool of ours keeps."""


class ConnectionLostError(aiohttp.ClientConnectionError):
    """The connection was lost; aiohttp does not send again after this exception."""


class _StaleConnectionError(aiohttp.ClientConnectionError):
    """The connection cannot be used; nothing was sent."""


class SendOnce:
    """An aiohttp middleware: a request carries its key while it is sent, and is sent once.

    aiohttp itself repeats requests of some methods when a connection is lost, PUT among them.
    Without a credential, as for hosts that are not the API's, a request carries none at all:
    aiohttp may have found one in a netrc file.
    """

    def __init__(self, credential: Credential | RecordKey | None) -> None:
        self._credential = credential
        self._request: aiohttp.ClientRequest | None = None

    @property
    def protocol(self) -> ResponseHandler | None:
        """What receives the response to a `CheckedRequest`, as long as its headers are awaited."""
        return self._request.protocol if isinstance(self._request, CheckedRequest) else None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request; raise `ConnectionLostError` where aiohttp would send it again."""
        if request.proxy and request.url.scheme == "http" and not _is_here(request.proxy):
            # It would see the secret.
            request.proxy = request.proxy_auth = request.proxy_headers = None
        self._request, credential = request, self._credential
        if isinstance(credential, Credential):
            request.headers[hdrs.AUTHORIZATION] = credential.authorization()
        elif credential is None:
            _forget_credentials(request)
        else:
            request.headers.popall(hdrs.AUTHORIZATION, None)
            request.headers[RECORD_KEY] = credential.reveal()
        try:
            for _ in range(_MAX_STALE):
                try:
                    return await handler(request)
                except _StaleConnectionError:
                    # It has left the pool. The event loop now notices others like it.
                    await asyncio.sleep(0)
            reason = "on every connection the server sent something that was not asked for"
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            reason = str(error) or type(error).__name__
        finally:
            self._request = None
            # The response keeps the headers of its request, and frames that await it show them.
            if not getattr(request, "has_forgotten", False):
                _forget_credentials(request)
        raise ConnectionLostError(reason)


class CheckedRequest(aiohttp.ClientRequest):
    """A request that is not sent on a connection where something happened after its last one.

    A response without a request would be read as the response to this one, and the end of the
    connection as its loss. aiohttp checks only when it puts a connection back.
    """

    protocol: ResponseHandler | None = None
    """What it was sent with the last time."""
    has_forgotten: bool = False
    """Whether it has been sent, and has no credentials any more."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send on a connection, if it is new or was silent since its last response."""
        protocol = self.protocol = conn.protocol
        if protocol is not None:
            has_news = _watches.get(protocol)
            if has_news is None:
                _watches[protocol] = _watch(conn)
            elif protocol.should_close or has_news(0):
                raise _StaleConnectionError
        response = await super().send(conn)
        _forget_credentials(self)  # written, and no longer needed
        self.has_forgotten = True
        return response


def _is_here(proxy: URL) -> bool:
    return is_loopback(proxy.host or "")


def _forget_credentials(request: aiohttp.ClientRequest) -> None:
    forget = request.headers.popall
    forget(hdrs.AUTHORIZATION, None)
    forget(hdrs.PROXY_AUTHORIZATION, None)
    forget(RECORD_KEY, None)


_watches: WeakKeyDictionary[ResponseHandler, Callable[[int], Sized]] = WeakKeyDictionary()
"""By connection that has been used: whether something arrived that the loop has not seen yet."""


def _watch(connection: Connection) -> Callable[[int], Sized]:
    """Return what returns the news of a connection: bytes, or the end."""
    transport = connection.transport
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None or not hasattr(select, "poll"):
        return lambda _: ()
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return poll.poll
