"""Async Python client for the Currents.dev REST API: typed, streaming, concurrent."""

from currents_async._client import Currents
from currents_async._clock import Clock
from currents_async._config import Limits, Retries, Timeouts
from currents_async._downloads.results import AssetResult, AssetResults
from currents_async._downloads.save import AssetDownload
from currents_async._fanout import InstanceResults
from currents_async._pagination import CursorPager, PagePager
from currents_async._plans import InstanceResult
from currents_async._resources.errors import ErrorsPager
from currents_async._streams import RunStream
from currents_async._transport import RawResponse, RequestAttempt, RequestCall, Trace, Traffic
from currents_async._version import __version__
from currents_async._wire.throttle import RateLimit
from currents_async.errors import (
    AlreadyCancelledError,
    AmbiguousError,
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
    PaginationError,
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
    "AmbiguousError",
    "AssetDownload",
    "AssetResult",
    "AssetResults",
    "BadRequestError",
    "ClientClosedError",
    "Clock",
    "ConflictError",
    "ConnectError",
    "Currents",
    "CurrentsError",
    "CursorPager",
    "DecodeError",
    "ErrorsPager",
    "ForbiddenError",
    "InstanceResult",
    "InstanceResults",
    "InvalidArgumentError",
    "Limits",
    "NotFoundError",
    "PagePager",
    "PaginationError",
    "PayloadTooLargeError",
    "RateLimit",
    "RateLimitedError",
    "RawResponse",
    "RedirectError",
    "RequestAttempt",
    "RequestCall",
    "RequestFailedError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "Retries",
    "RunStream",
    "ServerError",
    "Timeouts",
    "Trace",
    "Traffic",
    "TransportError",
    "UnauthorizedError",
    "UnprocessableError",
    "WrongLoopError",
    "__version__",
]
