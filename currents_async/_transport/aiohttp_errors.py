"""The one place where aiohttp's exceptions become our errors."""

import asyncio
import os
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
    (aiohttp.ClientConnectorError, ConnectError, "{}"),
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
    reason = reason_of(error)
    for foreign, ours, message in _CAUSES:
        if isinstance(error, foreign):
            return ours(message.format(reason), **request)
    return TransportError(f"the connection was lost: {reason}", **request)


def reason_of(error: Exception) -> str:
    """Return what went wrong, in words that are not aiohttp's."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return _refusal(error)
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        # Their own text begins with a status, which is aiohttp's and not the server's. The lines
        # after the first show the bytes.
        return error.message.strip().partition("\n")[0].rstrip(":") or type(error).__name__
    return str(error) or type(error).__name__


def _refusal(error: aiohttp.ClientConnectorError) -> str:
    """Return to which host there is no connection, and why."""
    cause = error.os_error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        certificate = getattr(error.certificate_error, "verify_message", error.certificate_error)
        why = f"the certificate is not trusted: {certificate}"
    elif isinstance(error, aiohttp.ClientSSLError):
        why = str(cause)
    else:
        # Of a connection, asyncio's text has the address; resolvers have negative numbers.
        known = os.strerror(cause.errno) if cause.errno and cause.errno > 0 else ""
        is_known = known and not known.startswith("Unknown")
        why = known if is_known else cause.strerror or str(cause)
    return f"no connection to {error.host}:{error.port}: {why}"
