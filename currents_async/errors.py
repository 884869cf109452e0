"""Every error this library raises.

```text
CurrentsError
├── InvalidArgumentError          also a ValueError; nothing was sent
├── CredentialError               the function passed as api_key failed
├── MisuseError                   also a RuntimeError; used in the wrong order
├── MissingExtraError             also a ModuleNotFoundError; an extra is not installed
├── ClientClosedError             not opened yet, or closed, perhaps during the call
├── WrongLoopError                used from another event loop, thread or process
├── TransportError                no complete response was received
│   ├── ConnectError              nothing was sent
│   └── RequestTimeoutError       also a TimeoutError
├── AmbiguousError                a write that may have happened, and was not repeated
├── APIError                      the server responded with an error
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
├── DecodeError                   the response is not what the API documents
├── PaginationError               the pages of a list lead nowhere
├── ResponseTooLargeError         the response is larger than Limits.body
├── FileChangedError              a file changed while it was uploaded
├── ExportError                   an export cannot continue; what it has written is sound
├── StillRunningError             also a TimeoutError; a run did not end in time
└── WebhookError                  a delivery that must not be acted on
    ├── WebhookSecretError        401: it does not carry the secret
    ├── WebhookStaleError         400: it is too old, or from the future
    ├── WebhookReplayError        200: it has been accepted before
    ├── WebhookBodyError          400: it is not what the service posts
    └── WebhookTooLargeError      413: it is larger than anything the service posts
```

All of them can be pickled, and none holds the API key.
"""

from typing import Any, ClassVar, NamedTuple, NotRequired, TypedDict, Unpack

__all__ = [
    "APIError",
    "AlreadyCancelledError",
    "AmbiguousError",
    "BadRequestError",
    "Candidate",
    "ClientClosedError",
    "ConflictError",
    "ConnectError",
    "CredentialError",
    "CurrentsError",
    "DecodeError",
    "ExportError",
    "FileChangedError",
    "ForbiddenError",
    "InvalidArgumentError",
    "MissingExtraError",
    "MisuseError",
    "NotFoundError",
    "PaginationError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "RedirectError",
    "RequestFailedError",
    "RequestInfo",
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
    """An argument is invalid; nothing was sent."""


class CredentialError(CurrentsError):
    """The function passed as `api_key` raised an error, or returned no usable key.

    The attempt that needed the key was not made. What the function raised is the `__cause__`.
    """


class MisuseError(CurrentsError, RuntimeError):
    """Something is used outside its `async with`, twice, or by two tasks at once."""


class MissingExtraError(CurrentsError, ModuleNotFoundError):
    """What was called needs a package that an extra of this library installs."""


class ClientClosedError(CurrentsError):
    """The client was used before `async with` opened it, or after or while it was closed."""


class WrongLoopError(CurrentsError):
    """The client is used in another event loop, thread or process than it was opened in."""


class RequestInfo(TypedDict):
    """The request that failed: keyword arguments of the errors that are about one."""

    operation: str
    method: str
    url: str
    attempts: NotRequired[int]
    """1 by default."""


class _RequestError(CurrentsError):
    """A failure of one request."""

    operation: str
    """The operationId of the API's OpenAPI document, for example `getRun`."""
    method: str
    url: str
    """The URL as it was sent; a base URL with a user, a password or a query is refused."""
    attempts: int
    """How many times we tried to send the request."""

    def __init__(self, message: str, **request: Unpack[RequestInfo]) -> None:
        super().__init__(message)
        self.operation = request["operation"]
        self.method = request["method"]
        self.url = request["url"]
        self.attempts = request.get("attempts", 1)

    def __str__(self) -> str:
        return f"{self.operation} ({self.method} {self.url}): {self.args[0]}"


class TransportError(_RequestError):
    """No complete response was received: the connection failed, or broke off."""


class ConnectError(TransportError):
    """No connection could be made; nothing was sent."""


class RequestTimeoutError(TransportError, TimeoutError):
    """The request took longer than `Timeouts` allows."""


class AmbiguousError(_RequestError):
    """A write failed, and may have been carried out all the same; it was not repeated.

    Check whether it was, or pass `retry_ambiguous=True` if carrying it out twice does no harm.
    """

    error: CurrentsError
    """The error of the last attempt."""

    def __init__(
        self, message: str, *, error: CurrentsError, **request: Unpack[RequestInfo]
    ) -> None:
        super().__init__(message, **request)
        self.error = error


class DecodeError(_RequestError):
    """The response is not the JSON that the API documents.

    It has corrupt or trailing bytes, an encoding that was not asked for, HTML, or JSON of another
    shape.
    """

    path: str | None
    """Where in the JSON text, for example `$.data.specs[3].results`; None when it is not JSON."""

    def __init__(
        self, message: str, *, path: str | None = None, **request: Unpack[RequestInfo]
    ) -> None:
        super().__init__(message, **request)
        self.path = path


class PaginationError(CurrentsError):
    """The pages of a list lead in a circle, or on and on without anything new."""


class ResponseTooLargeError(_RequestError):
    """The response, inflated, is larger than `Limits.body`."""

    limit: int
    """The limit in bytes."""

    def __init__(self, message: str, *, limit: int, **request: Unpack[RequestInfo]) -> None:
        super().__init__(message, **request)
        self.limit = limit


class Candidate(NamedTuple):
    """A spec file, a test or a run that an ambiguous request can mean."""

    run_id: str | None = None
    ci_build_id: str | None = None
    instance_id: str | None = None
    test_id: str | None = None
    spec: str | None = None
    title: str | None = None
    """The titles of suites and test, with ">" between them."""

    def __str__(self) -> str:
        ids = {
            "run": self.run_id,
            "CI build": self.ci_build_id,
            "instance": self.instance_id,
            "test": self.test_id,
        }
        names = " > ".join(filter(None, (self.spec, self.title)))
        known = " ".join(f"{kind} {value}" for kind, value in ids.items() if value)
        return f"{names} ({known})" if names and known else names or known


class APIError(_RequestError):
    """The server responded with an error."""

    status: int
    """The HTTP status."""
    message: str
    """The server's own words, or the standard phrase of the status if it sent none."""
    request_id: str | None
    """The request ID that the server or its load balancer sent."""
    retry_after: float | None
    """Seconds that the server asked us to wait."""
    code: str | None
    """The kind of refusal, for example `insufficient_scope`; decide by this, not by `message`.

    Most errors have none, and the service adds new ones.
    """
    required_scope: str | None
    """The scope that the token lacks, as of a 403 with the code `insufficient_scope`."""
    candidates: tuple[Candidate, ...]
    """What the request can mean, as of a 409 with the code `ambiguous_target`."""
    hint: str
    """What such an error means for this operation, and what to do; often empty."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        request_id: str | None = None,
        retry_after: float | None = None,
        code: str | None = None,
        required_scope: str | None = None,
        candidates: tuple[Candidate, ...] = (),
        hint: str = "",
        **request: Unpack[RequestInfo],
    ) -> None:
        super().__init__(message, **request)
        self.status = status
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        self.code = code
        self.required_scope = required_scope
        self.candidates = candidates
        self.hint = hint

    def __repr__(self) -> str:
        names = ("status", "code", "required_scope", "candidates", "request_id")
        shown = [f"{name}={value!r}" for name in names if (value := getattr(self, name))]
        return f"{type(self).__name__}({', '.join([repr(self.message), *shown])})"

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        tail = f" [request {self.request_id}]" if self.request_id else ""
        code = f" ({self.code})" if self.code else ""
        what = f"{self.status} {self.message}{code}{hint}{tail}"
        return f"{self.operation} ({self.method} {self.url}): {what}"


class BadRequestError(APIError):
    """400: the server refuses the parameters."""


class UnauthorizedError(APIError):
    """401: no valid API key or token: the service does not say why."""


class RequestFailedError(APIError):
    """402: the parameters were valid, but the request failed."""


class ForbiddenError(APIError):
    """403: the API key or token lacks permission; `code` and `required_scope` may say which."""


class NotFoundError(APIError):
    """404: no such run, instance or project."""


class ConflictError(APIError):
    """409: the request conflicts with the state of a resource, or can mean several `candidates`."""


class PayloadTooLargeError(APIError):
    """413: the response would be larger than 1 MB, the most that the API sends."""


class UnprocessableError(APIError):
    """422: the request makes no sense for the state of the resource."""


class AlreadyCancelledError(UnprocessableError):
    """422: the run had already been cancelled."""


class RateLimitedError(APIError):
    """429: too many requests."""


class ServerError(APIError):
    """5xx: the service, or the load balancer in front of it, failed."""


class RedirectError(APIError):
    """3xx: the API never redirects, so something in between does."""


class FileChangedError(CurrentsError):
    """A file had another size, or could not be read, when it was uploaded; it is not attached."""

    path: str

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class ExportError(CurrentsError):
    """An export cannot begin or continue: for example, the disk is full or the target is in use.

    What has been written by then is sound, and a later export continues from there.
    """


class StillRunningError(CurrentsError, TimeoutError):
    """A run did not end within the `timeout` of the caller."""

    run_id: str

    def __init__(self, message: str, *, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class WebhookError(CurrentsError):
    """A delivery to a webhook must not be acted on; a subclass says why."""

    status: ClassVar[int]
    """The HTTP status to respond with."""


class WebhookSecretError(WebhookError):
    """401: the delivery does not carry the secret of the webhook."""

    status = 401


class WebhookStaleError(WebhookError):
    """400: the delivery is too old, or from the future."""

    status = 400


class WebhookReplayError(WebhookError):
    """200: the same delivery has been accepted before, and must not be acted on again.

    To the sender this is a success: it repeats deliveries that it got no response to.
    """

    status = 200


class WebhookBodyError(WebhookError):
    """400: the delivery is not what the service posts."""

    status = 400


class WebhookTooLargeError(WebhookError):
    """413: the delivery is larger than anything the service posts."""

    status = 413
