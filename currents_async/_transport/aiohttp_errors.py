"""The one place where aiohttp's exceptions become our errors."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from currents_async.errors import ConnectError, RequestInfo, RequestTimeoutError, TransportError

T = TypeVar("T")


class AiohttpError(Exception):
    """What aiohttp raised; it never leaves the transport, and becomes a `TransportError`."""

    def __init__(self, foreign: Exception) -> None:
        super().__init__(foreign)
        self.foreign = foreign


async def from_network(awaitable: Awaitable[T]) -> T:
    """Await something of aiohttp's; raise an `AiohttpError` for whatever it raises.

    A cancellation loses its traceback: aiohttp's frames have no place in other people's reports.
    """
    try:
        return await awaitable
    except asyncio.CancelledError as cancelled:
        raise cancelled.with_traceback(None)  # noqa: B904 - the same exception
    except Exception as foreign:  # noqa: BLE001 - aiohttp lets exceptions of others through
        raise AiohttpError(foreign.with_traceback(None)) from None


# The first match counts: aiohttp's exceptions inherit from each other, and from built-in ones.
_CAUSES: tuple[tuple[type[Exception], type[TransportError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, ConnectError, "no connection within Timeouts.connect"),
    (aiohttp.ClientConnectorError, ConnectError, "no connection: {}"),
    (aiohttp.ClientHttpProxyError, ConnectError, "no connection through the proxy: {}"),
    # Its text is the URL, which may be that of a proxy with a password.
    (aiohttp.InvalidURL, ConnectError, "no connection: the host or its proxy has an invalid URL"),
    (aiohttp.SocketTimeoutError, RequestTimeoutError, "no data was received within Timeouts.read"),
    (aiohttp.ClientResponseError, TransportError, "the response is not valid HTTP: {}"),
    (HttpProcessingError, TransportError, "the response is not valid HTTP: {}"),
    (aiohttp.ClientPayloadError, TransportError, "the body ends early"),
)


def transport_error(request: RequestInfo, error: Exception) -> TransportError:
    """Build the error for what aiohttp raised."""
    reason = _reason(error)
    for foreign, ours, message in _CAUSES:
        if isinstance(error, foreign):
            return ours(message.format(reason), **request)
    return TransportError(f"the connection was lost: {reason}", **request)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        # Their own text begins with a status, which is aiohttp's and not the server's. The lines
        # after the first show the bytes.
        return error.message.strip().partition("\n")[0].rstrip(":") or type(error).__name__
    return str(error) or type(error).__name__
