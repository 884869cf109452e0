"""aiohttp's exceptions to our errors: the one place."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from currents_async.errors import ConnectError, RequestInfo, RequestTimeoutError, TransportError

T = TypeVar("T")


class AiohttpError(Exception):
    """Something at the connection failed."""

    def __init__(self, foreign: Exception) -> None:
        super().__init__(foreign)
        self.foreign = foreign


async def from_network(awaitable: Awaitable[T]) -> T:
    """Await something of aiohttp's; raise `AiohttpError` for whatever it raises.

    A cancellation leaves its traceback behind: aiohttp's frames have no business in the reports
    of others.
    """
    try:
        return await awaitable
    except asyncio.CancelledError as cancelled:
        raise cancelled.with_traceback(None)  # noqa: B904 - the same exception
    except Exception as foreign:  # noqa: BLE001 - aiohttp lets through what it has not thought of
        raise AiohttpError(foreign.with_traceback(None)) from None


# The first that fits counts: aiohttp's exceptions inherit from each other, and from the built-in.
_CAUSES: tuple[tuple[type[Exception], type[TransportError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, ConnectError, "no connection within Timeouts.connect"),
    (aiohttp.ClientConnectorError, ConnectError, "no connection: {}"),
    (aiohttp.ClientHttpProxyError, ConnectError, "no connection through the proxy: {}"),
    # Its text is the URL, which may be that of a proxy with a password.
    (aiohttp.InvalidURL, ConnectError, "no connection: the host or its proxy has an invalid URL"),
    (aiohttp.SocketTimeoutError, RequestTimeoutError, "nothing came within Timeouts.read"),
    (aiohttp.ClientResponseError, TransportError, "the answer is not valid HTTP: {}"),
    (HttpProcessingError, TransportError, "the answer is not valid HTTP: {}"),
    (aiohttp.ClientPayloadError, TransportError, "the body ends early"),
)


def transport_error(sent: RequestInfo, error: Exception) -> TransportError:
    """Build the error for what aiohttp raised."""
    reason = _reason(error)
    for foreign, ours, message in _CAUSES:
        if isinstance(error, foreign):
            return ours(message.format(reason), **sent)
    return TransportError(f"the connection was lost: {reason}", **sent)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        # Their own text begins with a status, which is aiohttp's and not the server's. The lines
        # behind the first show the bytes.
        return error.message.strip().partition("\n")[0].rstrip(":") or type(error).__name__
    return str(error) or type(error).__name__
