"""The one place that decides which error a failed request becomes."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec

from currents_async import errors
from currents_async._wire.body_errors import (
    BodyError,
    OversizedBodyError,
    RefusedBodyError,
    TruncatedBodyError,
    UnexpectedBodyError,
)
from currents_async._wire.envelope import DECODE_ERRORS, parse
from currents_async._wire.refusals import read_refusal
from currents_async.errors import RequestInfo

_REQUEST_ID_HEADERS = ("X-Request-Id", "X-Amzn-RequestId", "X-Amzn-Trace-Id", "CF-Ray")
_MAX_MESSAGE = 1_000
_WORDS = re.compile(rb"<(Code|Message)>([^<]{1,500})</\1>")

_ERRORS: dict[int, type[errors.APIError]] = {
    400: errors.BadRequestError,
    401: errors.UnauthorizedError,
    402: errors.RequestFailedError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.PayloadTooLargeError,
    422: errors.UnprocessableError,
    429: errors.RateLimitedError,
}


def error_for_status(
    request: RequestInfo,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    retry_after: float | None,
    redact: Callable[[str], str],
    hint: str = "",
) -> errors.APIError:
    """Build the error for a response that is not a success, whatever its body is.

    `redact` removes secrets from the server's message before it is cut to length: half a key is
    still a secret, and could no longer be found.
    """
    failed = _read(body)
    text = _text_of(failed.error)
    message = redact(text)[:_MAX_MESSAGE] if text else _phrase(status)
    refusal = read_refusal(headers, failed.code, failed.candidates, redact)
    return _error_class(status, message)(
        message,
        **request,
        status=status,
        request_id=request_id(headers),
        retry_after=retry_after,
        code=refusal.code,
        required_scope=refusal.required_scope,
        candidates=refusal.candidates,
        hint=refusal.hint or hint,
    )


def error_for_body(
    request: RequestInfo, status: int, headers: Mapping[str, str], fault: BodyError
) -> errors.CurrentsError:
    """Build the error for a success whose body is not what it should be."""
    reason = str(fault)
    match fault:
        case OversizedBodyError():
            return errors.ResponseTooLargeError(reason, **request, limit=fault.limit)
        case TruncatedBodyError():
            return errors.TransportError(reason, **request)
        case UnexpectedBodyError():
            return errors.DecodeError(_located(reason, fault.path), **request, path=fault.path)
        case RefusedBodyError():
            return errors.APIError(reason, **request, status=status, request_id=request_id(headers))
        case _:
            return errors.DecodeError(reason, **request)


def _located(reason: str, path: str | None) -> str:
    return reason if path is None else f"{reason}, at {path}"


def _error_class(status: int, message: str) -> type[errors.APIError]:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and _is_already_cancelled(message):
        return errors.AlreadyCancelledError
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.ServerError
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return errors.RedirectError
    return _ERRORS.get(status, errors.APIError)


def _is_already_cancelled(message: str) -> bool:
    # Both spellings: the API's documents use both elsewhere.
    return re.search(r"already cancell?ed", message, re.IGNORECASE) is not None


class _Failed(msgspec.Struct):
    """The envelope of a failure, with anything in its fields."""

    error: object = None
    """A text, according to the documents; anything else is shown as JSON."""
    code: object = None
    candidates: object = None


_FAILED = msgspec.json.Decoder(_Failed)


def _read(body: bytes) -> _Failed:
    """Read the envelope of a failure; nothing is in a load balancer's HTML."""
    try:
        return parse(body, _FAILED)
    except DECODE_ERRORS:
        return _Failed()


def _text_of(error: object) -> str:
    if error is None:
        return ""
    return error if isinstance(error, str) else msgspec.json.encode(error).decode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the request ID that the server or its load balancer sent."""
    return next((headers[name] for name in _REQUEST_ID_HEADERS if name in headers), None)


def is_expired(status: int, body: bytes) -> bool:
    """Return whether a host of assets may refuse a request because the signature has expired.

    S3 and CloudFront send 403 for every reason; others name it.
    """
    if status == HTTPStatus.FORBIDDEN:
        return True
    unnamed = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
    return status in unnamed and b"expired" in body.lower()


def in_our_envelope(body: bytes) -> bytes:
    """Return the message in a host's XML as the envelope of a failure, if it has one."""
    from html import unescape  # noqa: PLC0415 - 3 % of the time in which the library is loaded

    words = [unescape(text.decode(errors="replace")) for _, text in _WORDS.findall(body)]
    return msgspec.json.encode({"error": ": ".join(words[:2])}) if words else body
