"""Async Python client for the Currents.dev REST API: typed, streaming, concurrent."""

from importlib import import_module
from typing import TYPE_CHECKING

from currents_async._version import __version__

if TYPE_CHECKING:
    from currents_async._public import *

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
    "ExaminedResult",
    "ExaminedTest",
    "ExportError",
    "ForbiddenError",
    "InstanceResult",
    "InstanceResults",
    "InvalidArgumentError",
    "Limits",
    "MisuseError",
    "NotFoundError",
    "Observer",
    "PagePager",
    "PaginationError",
    "PayloadTooLargeError",
    "QuarantineDecision",
    "QuarantineFailure",
    "QuarantinePlan",
    "QuarantinePolicy",
    "QuarantineResult",
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
    "RunWatch",
    "ServerError",
    "StillRunningError",
    "Timeouts",
    "Traffic",
    "TransportError",
    "UnauthorizedError",
    "UnprocessableError",
    "WebhookBodyError",
    "WebhookError",
    "WebhookReplayError",
    "WebhookSecretError",
    "WebhookStaleError",
    "WebhookTooLargeError",
    "WrongLoopError",
    "__version__",
]


if not TYPE_CHECKING:  # to a type checker, any name would be one of ours

    def __getattr__(name: str) -> object:
        """Load the library when it is first used: a command's `--help` has no use for it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        public = import_module("currents_async._public")
        globals().update({one: getattr(public, one) for one in public.__all__})
        return globals()[name]

    def __dir__() -> list[str]:
        return [*globals(), *__all__]
