from collections.abc import Callable, Mapping

import pytest
from multidict import CIMultiDict

from currents_async import errors
from currents_async._wire.body_errors import (
    CorruptBodyError,
    OversizedBodyError,
    RefusedBodyError,
    TruncatedBodyError,
    UnexpectedBodyError,
)
from currents_async._wire.failure import error_for_body, error_for_status, request_id
from currents_async.errors import RequestInfo

SENT = RequestInfo(
    operation="getRun", method="GET", url="https://api.currents.dev/v1/runs/r", attempts=2
)


def error_of(
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] = {},
    redact: Callable[[str], str] = str,
) -> errors.APIError:
    return error_for_status(SENT, status, headers, body, retry_after=None, redact=redact)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, errors.RedirectError),
        (304, errors.RedirectError),
        (400, errors.BadRequestError),
        (401, errors.UnauthorizedError),
        (402, errors.RequestFailedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (405, errors.APIError),
        (409, errors.ConflictError),
        (413, errors.PayloadTooLargeError),
        (418, errors.APIError),
        (422, errors.UnprocessableError),
        (429, errors.RateLimitedError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_the_error_of_a_status(status: int, kind: type[errors.APIError]) -> None:
    body = b'{"status":"FAILED","error":"the reason"}'
    error = error_of(status, body, {"X-Request-Id": "q-1"})
    assert type(error) is kind
    assert (error.status, error.message, error.request_id) == (status, "the reason", "q-1")
    assert (error.operation, error.method, error.url, error.attempts) == tuple(SENT.values())
    assert str(error) == f"getRun (GET {SENT['url']}): {status} the reason [request q-1]"


@pytest.mark.parametrize("word", ["cancelled", "canceled"])
def test_already_cancelled_is_an_error_of_its_own(word: str) -> None:
    body = b'{"status":"FAILED","error":"Run already %s"}' % word.encode()
    assert type(error_of(422, body)) is errors.AlreadyCancelledError


@pytest.mark.parametrize(
    "body",
    [
        b"<html><h1>502 Bad Gateway</h1></html>",
        b"",
        b"null",
        b"[]",
        b'{"status":"FAILED"}',
        b"\xff\xfe",
        b"[" * 50_000,
    ],
)
def test_a_body_that_says_nothing_leaves_the_phrase(body: bytes) -> None:
    error = error_of(502, body)
    assert type(error) is errors.ServerError
    assert error.message == "Bad Gateway"
    assert error.request_id is None


def test_an_unknown_status_without_a_message() -> None:
    assert error_of(499).message == "Unknown status"


def test_an_error_that_is_no_text_is_shown_as_json() -> None:
    error = error_of(400, b'{"error":{"field":"branch"}}')
    assert error.message == '{"field":"branch"}'


def test_half_an_emoji_does_not_cost_the_message() -> None:
    error = error_of(400, rb'{"error":"bad branch \ud83d"}')
    assert error.message == "bad branch \N{REPLACEMENT CHARACTER}"


def test_a_novel_is_cut() -> None:
    assert len(error_of(400, b'{"error":"%s"}' % (b"x" * 5000)).message) == 1000


def test_a_secret_is_taken_out_before_the_cut() -> None:
    body = b'{"error":"%skey-1234"}' % (b"x" * 996)
    error = error_of(400, body, redact=lambda text: text.replace("key-1234", "[API key]"))
    assert error.message == "x" * 996 + "[API"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (TruncatedBodyError("ends early"), errors.TransportError),
        (CorruptBodyError("bad crc"), errors.DecodeError),
        (UnexpectedBodyError("Expected `int`", "$.data.specs[3]"), errors.DecodeError),
        (OversizedBodyError(5), errors.ResponseTooLargeError),
        (RefusedBodyError("no luck"), errors.APIError),
    ],
)
def test_the_error_of_a_body(fault: Exception, kind: type[errors.CurrentsError]) -> None:
    error = error_for_body(SENT, 200, {}, fault)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert type(error) is kind
    assert str(error).startswith("getRun (GET https://api.currents.dev/v1/runs/r): ")


def test_the_path_is_in_the_error_and_in_its_text() -> None:
    error = error_for_body(SENT, 200, {}, UnexpectedBodyError("Expected `int`", "$.data.specs[3]"))
    assert isinstance(error, errors.DecodeError)
    assert error.path == "$.data.specs[3]"
    assert str(error).endswith("Expected `int`, at $.data.specs[3]")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"X-Request-Id": "a"}, "a"),
        ({"X-Amzn-RequestId": "b"}, "b"),
        ({"X-Amzn-Trace-Id": "c"}, "c"),
        ({"CF-Ray": "d"}, "d"),
        ({"CF-Ray": "d", "X-Amzn-Trace-Id": "c"}, "c"),
        ({"X-Amzn-Trace-Id": "c", "X-Amzn-RequestId": "b"}, "b"),
        ({"X-Amzn-RequestId": "b", "X-Request-Id": "a"}, "a"),
        ({"Date": "now", "Via": "1.1 proxy"}, None),
    ],
)
@pytest.mark.parametrize("name", [str, str.lower, str.upper])
def test_the_servers_own_request_id_comes_first(
    headers: dict[str, str], expected: str | None, name: Callable[[str], str]
) -> None:
    named = CIMultiDict({name(header): value for header, value in headers.items()})
    assert request_id(named) == expected
    assert error_of(500, headers=named).request_id == expected


@pytest.mark.parametrize("seconds", [None, 0.0, 7.5])
def test_what_the_server_asked_to_wait(seconds: float | None) -> None:
    error = error_for_status(SENT, 429, {}, b"", retry_after=seconds, redact=str)
    assert type(error) is errors.RateLimitedError
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "message",
    [
        "Run already cancelled",
        "run ALREADY CANCELED",
        "Cannot cancel: the run was already cancelled by a user",
    ],
)
@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_only_a_422_says_that_it_has_been_cancelled(message: str, status: int) -> None:
    error = error_of(status, b'{"status":"FAILED","error":"%s"}' % message.encode())
    assert isinstance(error, errors.AlreadyCancelledError) is (status == 422)


@pytest.mark.parametrize("message", ["Run is already complete", "cancelled", "not cancelled yet"])
def test_another_422_is_no_cancellation(message: str) -> None:
    error = error_of(422, b'{"status":"FAILED","error":"%s"}' % message.encode())
    assert type(error) is errors.UnprocessableError


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_an_error_of_its_kind(status: int) -> None:
    error = error_of(status)
    assert error.status == status
    assert error.message
    assert isinstance(error, errors.ServerError) is (status >= 500)
    assert isinstance(error, errors.RedirectError) is (status < 400)
