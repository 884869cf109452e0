"""One row for each way in which a single answer goes wrong, over real sockets.

Each asserts the outcome, how many requests the server saw, and that nothing is left.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import pytest

from currents_async import (
    AmbiguousError,
    APIError,
    BadRequestError,
    ConflictError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    RedirectError,
    RequestFailedError,
    RequestTimeoutError,
    ResponseTooLargeError,
    ServerError,
    Timeouts,
    TransportError,
    UnauthorizedError,
    UnprocessableError,
)
from currents_async.testing import FaultyServer, faults
from currents_async.testing.faulty import Fault
from tests.support import HURRIED, KEY, PATIENT, client, shown_of

Call = Callable[[Currents], Awaitable[Any]]

MiB = 1024 * 1024


def get(currents: Currents) -> Awaitable[Any]:
    return currents.runs.get("r")


def reset(currents: Currents) -> Awaitable[Any]:
    return currents.runs.reset("r", ["m"])


def reset_again(currents: Currents) -> Awaitable[Any]:
    return currents.runs.reset("r", ["m"], retry_ambiguous=True)


def cancel(currents: Currents) -> Awaitable[Any]:
    return currents.runs.cancel("r")


def delete(currents: Currents) -> Awaitable[Any]:
    return currents.runs.delete("r")


BRIEF = Timeouts(connect=5, read=5, attempt=5, total=1)


class Row(NamedTuple):
    """A script for the server, and what comes of it; `error` None is a success."""

    name: str
    script: Fault | Sequence[Fault]
    error: type[CurrentsError] | None
    says: str
    requests: int | None
    """None for as many as there is time for: what the server refuses for its load is no attempt."""
    call: Call = get
    timeouts: Timeouts = PATIENT


def refused(status: int, message: str = "no") -> Fault:
    return faults.response(b'{"status":"FAILED","error":"%s"}' % message.encode(), status)


OK = faults.response()
DONE = faults.json_response({"runId": "r"})

CONNECTION = [
    Row("reset", faults.reset(), TransportError, "connection was lost", 3),
    Row("reset, then an answer", [faults.reset(), OK], None, "", 2),
    Row("reset in the body", faults.reset_midway(), TransportError, "ends early|lost", 3),
    Row("closed without an answer", faults.close(), TransportError, "connection was lost", 3),
    Row("closed twice, then an answer", [faults.close(), faults.close(), OK], None, "", 3),
    Row("closed in the body", faults.close_midway(), TransportError, "body ends early", 3),
    Row("closed in the body, then an answer", [faults.close_midway(), OK], None, "", 2),
    Row("closed after the answer", faults.early_close(), None, "", 1),
]

TIME = [
    row._replace(timeouts=HURRIED)
    for row in (
        Row("no answer", faults.stall(), RequestTimeoutError, "Timeouts.read", 3),
        Row("no answer, then one", [faults.stall(), OK], None, "", 2),
        Row("no end of headers", faults.stall_midway("headers"), RequestTimeoutError, "read", 3),
        Row("no end of the body", faults.stall_midway("body"), RequestTimeoutError, "read", 3),
        Row("a body that drips", faults.drip(interval=0.02), RequestTimeoutError, "attempt", 3),
        Row("headers that drip", faults.drip_headers(interval=0.02), RequestTimeoutError, "at", 3),
        Row("100 for ever", faults.endless_informational(), RequestTimeoutError, "attempt", 3),
        Row("reset: no answer", faults.stall(), AmbiguousError, "Timeouts.read", 1, reset),
        Row("delete: again", [faults.stall(), DONE], None, "", 2, delete),
    )
]

_INVALID = "not valid HTTP"

FRAMING = [
    Row("a body that is short", faults.short_length(), TransportError, "body ends early", 3),
    Row("a body that is long", faults.long_length(), TransportError, _INVALID, 3),
    Row("two lengths", faults.two_lengths(), TransportError, _INVALID, 3),
    Row("a length, and chunks", faults.length_and_chunked(), TransportError, _INVALID, 3),
    Row("a chunk of no size", faults.bad_chunk(), TransportError, f"{_INVALID}|early", 3),
    Row("no last chunk", faults.truncated_chunks(), TransportError, "body ends early", 3),
    Row("headers for ever", faults.endless_headers(), TransportError, _INVALID, 3),
    Row("trailers for ever", faults.endless_trailers(), TransportError, f"{_INVALID}|early", 3),
    Row("a huge header", faults.huge_header(), TransportError, _INVALID, 3),
    Row("many headers", faults.many_headers(), TransportError, _INVALID, 3),
    Row("no HTTP", faults.garbage(), TransportError, _INVALID, 3),
    Row("no status", faults.bad_status_line(), TransportError, _INVALID, 3),
    Row("no headers", faults.http09(), TransportError, _INVALID, 3),
    Row("a body for ever", faults.endless_body(), ResponseTooLargeError, "larger than", 1),
    Row("the same, plain", faults.endless_body(gzip=False), ResponseTooLargeError, "larger", 1),
    Row("a second answer behind the first", faults.second_response(), None, "", 1),
]

ENCODING = [
    Row("plain, though gzip was asked for", faults.plain(), None, "", 1),
    Row("gzip cut short", faults.truncated_gzip(), TransportError, "gzip stream ends early", 3),
    Row("gzip without its end", faults.truncated_gzip(missing=3), TransportError, "early", 3),
    Row("gzip cut short, then whole", [faults.truncated_gzip(), OK], None, "", 2),
    Row("corrupt gzip", faults.corrupt_gzip(), DecodeError, "corrupt", 1),
    Row("a wrong checksum", faults.bad_crc(), DecodeError, "corrupt", 1),
    Row("bytes behind the gzip", faults.trailing_garbage(), DecodeError, "follow the end", 1),
    Row("2 members", faults.many_members(2), None, "", 1),
    Row("64 members", faults.many_members(64), None, "", 1),
    Row("65 members", faults.many_members(65), DecodeError, "64 members", 1),
    Row("br", faults.wrong_encoding("br"), DecodeError, "'br'", 1),
    Row("deflate", faults.wrong_encoding("deflate"), DecodeError, "'deflate'", 1),
    Row("zstd", faults.wrong_encoding("zstd"), DecodeError, "'zstd'", 1),
    Row("twice gzip", faults.wrong_encoding("gzip, gzip"), DecodeError, "'gzip, gzip'", 1),
    Row("gzip said, not done", faults.encoding_without_gzip(), DecodeError, "corrupt", 1),
    Row("bomb of zeros", faults.gzip_bomb(256 * MiB), ResponseTooLargeError, "larger", 1),
    Row(
        "bomb of white space",
        faults.gzip_bomb(256 * MiB, "whitespace"),
        ResponseTooLargeError,
        "larger",
        1,
    ),
    Row("bomb of a string", faults.gzip_bomb(256 * MiB, "string"), ResponseTooLargeError, "lar", 1),
    Row("bomb of objects", faults.gzip_bomb(30 * MiB, "objects"), ResponseTooLargeError, "lar", 1),
]

STATUS = [
    Row("400", refused(400), BadRequestError, "400 no", 1),
    Row("401", refused(401), UnauthorizedError, "401 no", 1),
    Row("402", refused(402), RequestFailedError, "402 no", 1),
    Row("403", refused(403), ForbiddenError, "403 no", 1),
    Row("404", refused(404), NotFoundError, "404 no", 1),
    Row("405", refused(405), APIError, "405 no", 1),
    Row("408", refused(408), APIError, "408 no", 3),
    Row("409", refused(409), ConflictError, "409 no", 1),
    Row("413", refused(413), PayloadTooLargeError, "413 no", 1),
    Row("418", refused(418), APIError, "418 no", 1),
    Row("422", refused(422), UnprocessableError, "422 no", 1),
    Row("425", refused(425), APIError, "425 no", 1),
    Row("429", refused(429), RateLimitedError, "429 no", None, timeouts=BRIEF),
    Row("429, then an answer", [refused(429), OK], None, "", 2),
    Row("500", refused(500), ServerError, "500 no", 3),
    Row("501", refused(501), ServerError, "501 no", 1),
    Row("502", refused(502), ServerError, "502 no", None, timeouts=BRIEF),
    Row("503", refused(503), ServerError, "503 no", None, timeouts=BRIEF),
    Row("504", refused(504), ServerError, "504 no", None, timeouts=BRIEF),
    Row("503 twice, then an answer", [refused(503), refused(503), OK], None, "", 3),
    Row("505", refused(505), ServerError, "505 no", 1),
    Row("520", refused(520), ServerError, "520 no", 3),
    Row("521 as HTML", faults.html(521), ServerError, "521 Unknown status", 3),
    Row("525", refused(525), ServerError, "525 no", 1),
    Row("HTML with 502", faults.html(502), ServerError, "502 Bad Gateway", None, timeouts=BRIEF),
    Row("HTML with 403", faults.html(403), ForbiddenError, "403 Forbidden", 1),
    Row("an error without a body", faults.response(b"", 500), ServerError, "500 Internal", 3),
    Row(
        "an error whose body is a bomb",
        faults.response(bytes(8 * MiB), 400),
        BadRequestError,
        "400 Bad Request",
        1,
    ),
    Row(
        "an error whose body is corrupt",
        faults.response(b"no gzip", 404, {"Content-Encoding": "gzip"}, gzip=False),
        NotFoundError,
        "404 Not Found",
        1,
    ),
    Row("204", faults.response(b"", 204, gzip=False), DecodeError, "empty", 1),
    Row("301", faults.redirect(301), RedirectError, "301", 1),
    Row("302", faults.redirect(302), RedirectError, "302", 1),
    Row("303", faults.redirect(303), RedirectError, "303", 1),
    Row("307", faults.redirect(307), RedirectError, "307", 1),
    Row("308", faults.redirect(308, "https://evil.example/"), RedirectError, "308", 1),
    Row("300", refused(300), RedirectError, "300", 1),
    Row("redirect to itself", faults.redirect_loop(), RedirectError, "302", 1),
    Row("redirect to nowhere", faults.redirect(302, "::"), RedirectError, "302", 1),
]

_ALREADY = refused(422, "Run already cancelled")

WRITES = [
    Row("reset: reset", faults.reset(), AmbiguousError, "connection was lost", 1, reset),
    Row("reset: closed", faults.close(), AmbiguousError, "connection was lost", 1, reset),
    Row("reset: half an answer", faults.close_midway(), AmbiguousError, "early", 1, reset),
    Row("reset: 500", refused(500), AmbiguousError, "no", 1, reset),
    Row("reset: 502", faults.html(502), AmbiguousError, "Bad Gateway", 1, reset),
    Row("reset: 503", refused(503), AmbiguousError, "no", 1, reset),
    Row("reset: 408", refused(408), AmbiguousError, "no", 1, reset),
    Row("reset: 501", refused(501), ServerError, "no", 1, reset),
    Row("reset: 400", refused(400), BadRequestError, "no", 1, reset),
    Row("reset: 429, then done", [refused(429), DONE], None, "", 2, reset),
    Row("reset: no JSON", faults.html(), DecodeError, "HTML", 1, reset),
    Row("reset: again if need be", [faults.reset(), DONE], None, "", 2, reset_again),
    Row("reset: again in vain", faults.close(), AmbiguousError, "lost", 3, reset_again),
    Row("cancel: again", [faults.close(), DONE], None, "", 2, cancel),
    Row("cancel: in vain", refused(500), ServerError, "500 no", 3, cancel),
    Row("cancel: done before", [faults.close(), _ALREADY], None, "", 2, cancel),
    Row("cancel: done by others", _ALREADY, UnprocessableError, "already", 1, cancel),
    Row("cancel: throttled", [refused(429), _ALREADY], UnprocessableError, "al", 2, cancel),
    Row("delete: again", [faults.close(), DONE], None, "", 2, delete),
    Row("delete: done before", [faults.reset(), refused(404)], None, "", 2, delete),
    Row("delete: nothing there", refused(404), NotFoundError, "404", 1, delete),
    Row("delete: 409", refused(409), ConflictError, "409", 1, delete),
]

ROWS = CONNECTION + TIME + FRAMING + ENCODING + STATUS + WRITES


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
async def test_what_goes_wrong(row: Row) -> None:
    async with FaultyServer(row.script) as server:
        async with client(server.url, timeouts=row.timeouts) as currents:
            if row.error is None:
                answer = await row.call(currents)
                assert "r" in repr(answer)
            else:
                await _assert_raises(row, currents)
        await server.wait_for_no_connections()
    if row.requests is None:
        assert len(server.requests) > 1
    else:
        assert len(server.requests) == row.requests


async def _assert_raises(row: Row, currents: Currents) -> None:
    assert row.error is not None
    with pytest.raises(row.error) as caught:
        await row.call(currents)
    error = caught.value
    assert re.search(row.says, str(error)), str(error)
    assert row.requests in {None, error.attempts}  # type: ignore[attr-defined]
    assert error.__context__ is None
    assert error.__cause__ is None
    assert KEY not in shown_of(error)
    assert not _is_aiohttp_in(error)


def _is_aiohttp_in(error: BaseException) -> bool:
    traceback = error.__traceback__
    while traceback is not None:
        if "aiohttp" in traceback.tb_frame.f_code.co_filename:
            return True
        traceback = traceback.tb_next
    return False


# What is not JSON, or not the JSON that a run is: never repeated, for it would come again.
_READABLE = {
    "invalid UTF-8 in a string",  # in a field that nobody reads
    "truncated UTF-8 in a string",
    "encoded surrogate",
    "number of 10,000 digits, unread",
    "duplicate keys",
    "no status",
    "another status",
    # Details that are mended, or absent.
    "lone surrogate escape",
    "number that is too large",
    "status of a wrong type",
    "wrong type",
    "an object where a list belongs",
    "wrong type in a list",
    "wrong type deep inside",
    "invalid date",
}
_REFUSED = {
    "status FAILED",
    "status FAILED without a message",
    "status FAILED with data",
    "error of a wrong type",
}


@pytest.mark.parametrize("name", list(faults.BROKEN_JSON))
@pytest.mark.parametrize("streamed", [False, True], ids=["get", "stream"])
async def test_broken_json(name: str, *, streamed: bool) -> None:
    call = _stream if streamed else get
    script = faults.response(faults.BROKEN_JSON[name])
    async with FaultyServer(script) as server, client(server.url) as currents:
        if name in _READABLE:
            await call(currents)
        else:
            expected = APIError if name in _REFUSED else DecodeError
            with pytest.raises(expected) as caught:
                await call(currents)
            assert type(caught.value) is expected
            assert caught.value.__context__ is None
            assert KEY not in shown_of(caught.value)
    assert len(server.requests) == 1


async def _stream(currents: Currents) -> list[Any]:
    async with currents.runs.stream("r") as specs:
        return [spec async for spec in specs]


async def test_nothing_listens(unused_port: int) -> None:
    attempts: list[int] = []
    async with client(f"http://127.0.0.1:{unused_port}") as currents:
        for call in (get, cancel, reset):
            with pytest.raises(ConnectError, match="no connection") as caught:
                await call(currents)
            attempts.append(caught.value.attempts)
    assert attempts == [3, 3, 3]


async def test_the_whole_matrix_is_here() -> None:
    assert len(ROWS) + len(faults.BROKEN_JSON) >= 90
