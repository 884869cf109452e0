"""Async Python client for the Currents.dev REST API: typed, streaming, concurrent."""

from currents_async._client import Currents
from currents_async._config import Limits, Timeouts
from currents_async._fanout import InstanceResults
from currents_async._plans import InstanceResult
from currents_async._streams import RunStream
from currents_async._transport import Traffic
from currents_async._version import __version__
from currents_async.errors import (
    AlreadyCancelledError,
    APIError,
    BadRequestError,
    ClientClosedError,
    ConflictError,
    ConnectError,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    RedirectError,
    RequestFailedError,
    RequestTimeoutError,
    ResponseTooLargeError,
    ServerError,
    TransportError,
    UnauthorizedError,
    UnprocessableError,
    WrongLoopError,
)

__all__ = [
    "APIError",
    "AlreadyCancelledError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "ConnectError",
    "Currents",
    "CurrentsError",
    "DecodeError",
    "ForbiddenError",
    "InstanceResult",
    "InstanceResults",
    "InvalidArgumentError",
    "Limits",
    "NotFoundError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "RedirectError",
    "RequestFailedError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "RunStream",
    "ServerError",
    "Timeouts",
    "Traffic",
    "TransportError",
    "UnauthorizedError",
    "UnprocessableError",
    "WrongLoopError",
    "__version__",
]
