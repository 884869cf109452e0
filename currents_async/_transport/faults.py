"""aiohttp's exceptions to our errors: the one place."""

import aiohttp

from currents_async._wire.failure import Sent
from currents_async.errors import ConnectError, RequestTimeoutError, TransportError

FOREIGN = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises when a request cannot be made or its answer does not arrive."""


# The first that fits counts: aiohttp's exceptions inherit from each other, and from the built-in.
_CAUSES: tuple[tuple[type[Exception], type[TransportError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, ConnectError, "no connection within Timeouts.connect"),
    (aiohttp.ClientConnectorError, ConnectError, "no connection: {}"),
    (aiohttp.SocketTimeoutError, RequestTimeoutError, "nothing came within Timeouts.read"),
    (TimeoutError, RequestTimeoutError, "no whole answer within Timeouts.total"),
    (aiohttp.ClientResponseError, TransportError, "the answer is not valid HTTP: {}"),
    (aiohttp.ClientPayloadError, TransportError, "the body ends early"),
)


def transport_error(sent: Sent, error: Exception) -> TransportError:
    """Build the error for what aiohttp raised."""
    reason = str(error) or type(error).__name__
    for foreign, ours, message in _CAUSES:
        if isinstance(error, foreign):
            return ours(message.format(reason), **sent)
    return TransportError(f"the connection was lost: {reason}", **sent)
