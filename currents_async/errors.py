"""Every error this library raises.

    CurrentsError
    ├── InvalidArgumentError          also a ValueError; nothing was sent
    ├── MisuseError                   also a RuntimeError; used out of turn
    ├── ClientClosedError             not opened yet, or closed, also while the call was under way
    ├── WrongLoopError                used from another event loop, thread or process
    ├── TransportError                no whole answer arrived
    │   ├── ConnectError              nothing was sent
    │   └── RequestTimeoutError       also a TimeoutError
    ├── AmbiguousError                a write that may have happened, and was not repeated
    ├── APIError                      the server answered, and it was not a success
    │   ├── BadRequestError           400
    │   ├── UnauthorizedError         401
    │   ├── RequestFailedError        402
    │   ├── ForbiddenError            403
    │   ├── NotFoundError             404
    │   ├── ConflictError             409
    │   ├── PayloadTooLargeError      413
    │   ├── UnprocessableError        422
    │   │   └── AlreadyCancelledError
    │   ├── RateLimitedError          429
    │   ├── ServerError               5xx
    │   └── RedirectError             3xx
    ├── DecodeError                   the answer arrived and is not what the API documents
    ├── PaginationError               the pages of a list lead nowhere
    ├── ResponseTooLargeError         the answer is larger than Limits.body
    ├── ExportError                   an export cannot go on; what it has written is sound
    ├── StillRunningError             also a TimeoutError; a run has not ended in the time given
    └── WebhookError                  a delivery that is not to be acted on
        ├── WebhookSecretError        401: it does not carry the secret
        ├── WebhookStaleError         400: it is too old, or from the future
        ├── WebhookReplayError        200: it has been accepted before
        ├── WebhookBodyError          400: it is not what the service posts
        └── WebhookTooLargeError      413: it is larger than anything the service posts

Every one of them pickles, and none ever holds the API key.
"""

from typing import Any, ClassVar

__all__ = [
    "APIError",
    "AlreadyCancelledError",
    "AmbiguousError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "ConnectError",
    "CurrentsError",
    "DecodeError",
    "ExportError",
    "ForbiddenError",
    "InvalidArgumentError",
    "MisuseError",
    "NotFoundError",
    "PaginationError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "RedirectError",
    "RequestFailedError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "ServerError",
    "StillRunningError",
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
]


class CurrentsError(Exception):
    """Base of every error this library raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls cls(*args), which cannot pass keyword-only arguments.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[CurrentsError], args: tuple[object, ...], state: dict[str, object]
) -> CurrentsError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidArgumentError(CurrentsError, ValueError):
    """An argument cannot be right; nothing was sent."""


class MisuseError(CurrentsError, RuntimeError):
    """Something is used out of turn: outside its `async with`, twice, or by two tasks at once."""


class ClientClosedError(CurrentsError):
    """The client is used before `async with` opened it, or was closed before or meanwhile."""


class WrongLoopError(CurrentsError):
    """The client is used from an event loop, a thread or a process it was not opened in."""


class _RequestError(CurrentsError):
    """What every failure of one request knows about that request."""

    operation: str
    """The operationId of the API's OpenAPI document, for example `getRun`."""
    method: str
    url: str
    """The URL as it was sent; a base URL with a user, a password or a query is refused."""
    attempts: int
    """How many times the request was sent, or tried to be sent."""

    def __init__(
        self, message: str, *, operation: str, method: str, url: str, attempts: int = 1
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.method = method
        self.url = url
        self.attempts = attempts

    def __str__(self) -> str:
        return f"{self.operation} ({self.method} {self.url}): {self.args[0]}"


class TransportError(_RequestError):
    """No whole answer arrived: the connection failed, or broke off midway."""


class ConnectError(TransportError):
    """No connection could be made; nothing was sent."""


class RequestTimeoutError(TransportError, TimeoutError):
    """The request took longer than `Timeouts` allows."""


class AmbiguousError(_RequestError):
    """A write failed in a way that leaves open whether it was done; it was not repeated.

    Look whether it was, or pass `retry_ambiguous=True` where doing it twice does no harm.
    """

    error: CurrentsError
    """What the last attempt ended with."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        method: str,
        url: str,
        error: CurrentsError,
        attempts: int = 1,
    ) -> None:
        super().__init__(message, operation=operation, method=method, url=url, attempts=attempts)
        self.error = error


class DecodeError(_RequestError):
    """The answer arrived, and is not the JSON that the API documents.

    Corrupt or trailing bytes, an encoding nobody asked for, HTML, or JSON of another shape.
    """

    path: str | None
    """Where in the JSON text, for example `$.data.specs[3].results`; None when it is no JSON."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        method: str,
        url: str,
        path: str | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message, operation=operation, method=method, url=url, attempts=attempts)
        self.path = path


class PaginationError(CurrentsError):
    """The pages of a list lead nowhere: in a circle, or on and on without anything new."""


class ResponseTooLargeError(_RequestError):
    """The answer, inflated, is larger than `Limits.body`."""

    limit: int
    """The limit in bytes."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        method: str,
        url: str,
        limit: int,
        attempts: int = 1,
    ) -> None:
        super().__init__(message, operation=operation, method=method, url=url, attempts=attempts)
        self.limit = limit


class APIError(_RequestError):
    """The server answered, and the answer is not a success."""

    status: int
    """The HTTP status."""
    message: str
    """The server's own words, or the standard phrase of the status where it sent none."""
    request_id: str | None
    """The request ID that the server or its load balancer gave."""
    retry_after: float | None
    """Seconds the server asked to wait, where it did."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        method: str,
        url: str,
        status: int,
        request_id: str | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message, operation=operation, method=method, url=url, attempts=attempts)
        self.status = status
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        tail = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.operation} ({self.method} {self.url}): {self.status} {self.message}{tail}"


class BadRequestError(APIError):
    """400: the server refuses the parameters."""


class UnauthorizedError(APIError):
    """401: no valid API key."""


class RequestFailedError(APIError):
    """402: the parameters were valid, but the request failed."""


class ForbiddenError(APIError):
    """403: the API key lacks permission."""


class NotFoundError(APIError):
    """404: no such run, instance or project."""


class ConflictError(APIError):
    """409: the request conflicts with the state of the resource."""


class PayloadTooLargeError(APIError):
    """413: the answer would be larger than the 1 MB the API sends."""


class UnprocessableError(APIError):
    """422: the request makes no sense for the state of the resource."""


class AlreadyCancelledError(UnprocessableError):
    """422: the run had already been cancelled."""


class RateLimitedError(APIError):
    """429: too many requests."""


class ServerError(APIError):
    """5xx: the service, or the load balancer in front of it, failed."""


class RedirectError(APIError):
    """3xx: the API never redirects, so something between us and it does."""


class ExportError(CurrentsError):
    """An export cannot begin or go on: the disk is full, the target is in use or another's.

    What has been written up to then is sound, and a later export goes on from there.
    """


class StillRunningError(CurrentsError, TimeoutError):
    """A run has not ended in the time that the caller gave it."""

    run_id: str

    def __init__(self, message: str, *, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class WebhookError(CurrentsError):
    """A delivery to a webhook is not to be acted on: a subclass says why."""

    status: ClassVar[int]
    """The HTTP status to answer it with."""


class WebhookSecretError(WebhookError):
    """401: the delivery does not carry the secret that the owner of the webhook set."""

    status = 401


class WebhookStaleError(WebhookError):
    """400: the delivery is older than is tolerated, or from the future."""

    status = 400


class WebhookReplayError(WebhookError):
    """200: the same delivery has been accepted before, and is not to be acted on again.

    It is a success for the sender, who may repeat what he got no answer to.
    """

    status = 200


class WebhookBodyError(WebhookError):
    """400: the delivery is not what the service posts."""

    status = 400


class WebhookTooLargeError(WebhookError):
    """413: the delivery is larger than anything the service posts."""

    status = 413
