import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
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
from currents_async._wire.refusals import CANDIDATE, read_challenges
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


SAMPLES = Path(__file__).parents[1] / "samples"
CODES = {
    "403-insufficient-scope": "insufficient_scope",
    "403-insufficient-role": "insufficient_role",
    "403-api-key-required": "api_key_required",
    "409-ambiguous-target": "ambiguous_target",
    "409-ambiguous-spec": "ambiguous_target",
    "409-ambiguous-run": "ambiguous_target",
    "404-no-trace": None,
    "403-sharing-off": None,
    "401-token": None,
}
SCOPE = 'Bearer error="insufficient_scope", scope="webhooks:write"'


class TestRefusals:
    @pytest.mark.parametrize(("name", "code"), CODES.items())
    def test_samples(self, name: str, code: str | None) -> None:
        body = (SAMPLES / f"error-{name}.json").read_bytes()
        error = error_of(int(name[:3]), body)
        assert error.code == code
        document = msgspec.json.decode(body)
        assert error.message == document["error"]
        expected = [
            tuple(candidate.get(name) for name in CANDIDATE)
            for candidate in document.get("candidates", [])
        ]
        assert [tuple(one) for one in error.candidates] == expected
        twin = pickle.loads(pickle.dumps(error))
        assert (vars(twin), str(twin), repr(twin)) == (vars(error), str(error), repr(error))

    @pytest.mark.parametrize(
        ("body", "headers", "says"),
        [
            ({"code": "insufficient_scope"}, {}, "this token lacks a scope"),
            ({}, {"WWW-Authenticate": SCOPE}, "this token lacks the scope webhooks:write"),
            ({"code": "insufficient_role"}, {}, "authorising again does not help"),
            ({"code": "api_key_required"}, {}, "use an API key"),
            ({"code": "another_one"}, {}, "(another_one); of the operation"),
            ({"code": 7, "candidates": {}}, {}, "no; of the operation"),
            (
                {"candidates": [{"spec": "a.ts", "title": "logs in", "testId": "t"}, 5, {}]},
                {},
                "name one of them: a.ts > logs in (test t)",
            ),
        ],
    )
    def test_what_to_do(self, body: Any, headers: dict[str, str], says: str) -> None:
        text = msgspec.json.encode({"error": "no", **body})
        error = error_for_status(
            SENT, 403, headers, text, retry_after=None, redact=str, hint="of the operation"
        )
        assert says in str(error)

    def test_long_lists_are_shown_in_part(self) -> None:
        body = {"error": "no", "candidates": [{"runId": f"r{number}"} for number in range(300)]}
        error = error_of(409, msgspec.json.encode(body))
        assert len(error.candidates) == 100
        assert "run r4, and 95 more" in str(error)

    def test_what_a_host_sends_is_not_trusted(self) -> None:
        escape = "\x1b[31m\r\n\u202e"
        body = {
            "error": "no",
            "code": f"sk-1{escape}" + "x" * 999,
            "candidates": [{"spec": "\x1b\n", "title": 5}],
        }
        challenge = f'Bearer error="insufficient_scope", scope="sk-1 {"x" * 999}{escape}"'
        headers = {"WWW-Authenticate": challenge}
        text = msgspec.json.encode(body)
        error = error_of(403, text, headers, lambda text: text.replace("sk-1", "[key]"))
        assert error.code is not None
        assert error.required_scope is not None
        for shown in (error.code, error.required_scope):
            assert shown.startswith("[key]")
            assert len(shown) == 200
            assert shown.isprintable()
        assert error.candidates == ()

    def test_the_scope_may_be_in_another_header(self) -> None:
        headers = CIMultiDict([
            ("www-authenticate", 'Basic realm="a, b"'),
            ("WWW-AUTHENTICATE", SCOPE),
        ])
        error = error_of(403, b"", headers)
        assert (error.code, error.required_scope) == ("insufficient_scope", "webhooks:write")
        assert repr(error) == (
            "ForbiddenError('Forbidden', status=403, code='insufficient_scope', "
            "required_scope='webhooks:write')"
        )


# The first four: RFC 9110, sections 11.6.1 and 5.6.4; RFC 6750, section 3.
@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        (
            'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
            [{"realm": "simple"}, {"realm": "apps", "type": "1", "title": 'Login to "apps"'}],
        ),
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [{"realm": "apps", "type": "1", "title": 'Login to "apps"'}, {"realm": "simple"}],
        ),
        (
            'Bearer realm="example", error="invalid_token", error_description="It expired"',
            [{"realm": "example", "error": "invalid_token", "error_description": "It expired"}],
        ),
        (
            'Bearer resource_metadata="https://a.example/b"',
            [{"resource_metadata": "https://a.example/b"}],
        ),
        ("Negotiate", [{}]),
        ("Negotiate YWJj==, Basic", [{}, {}]),
        ("Bearer scope = a , , Error\t=\tb", [{"scope": "a", "error": "b"}]),
        ("Bearer scope=runs:write, error=b", [{"scope": "runs:write", "error": "b"}]),
        ('a="1", a="2"', [{"a": "1"}]),
        ('Bearer scope="open', [{}]),
        ("", []),
        (" , ,", []),
    ],
)
def test_challenges(header: str, challenges: list[dict[str, str]]) -> None:
    assert read_challenges(header) == challenges


def test_the_scope_is_that_of_its_own_challenge() -> None:
    first = 'Bearer error="invalid_token", scope="results:read"'
    error = error_of(403, b"", {"WWW-Authenticate": f"{first}, {SCOPE}"})
    assert error.required_scope == "webhooks:write"
    assert error_of(401, b"", {"WWW-Authenticate": first}).required_scope is None
