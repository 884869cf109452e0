"""The ready-made faults, byte by byte: each is wrong in the one way that its name says."""

import asyncio
import gzip
import zlib
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async.models import Instance, Run
from currents_async.testing import Fault, FaultyServer, faults

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SECONDS = 20
GET = b"GET /v1 HTTP/1.1\r\n\r\n"
CLOSING_GET = b"GET /v1 HTTP/1.1\r\nConnection: close\r\n\r\n"


class Response(NamedTuple):
    start: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def parse(data: bytes) -> Response:
    head, blank, body = data.partition(b"\r\n\r\n")
    assert blank
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = [line.split(": ", 1) for line in lines]
    return Response(start, [(name, value) for name, value in headers], body)


@pytest.fixture
async def play(connect: Any) -> Any:
    """Return everything that a fault sends, up to the end of the connection."""

    async def play(fault: Fault, sent: bytes = CLOSING_GET) -> bytes:
        async with FaultyServer(fault) as server, connect(server.url) as wire:
            received: bytes = await wire.ask(sent)
            return received

    return play


async def get(fault: Fault) -> tuple[int, bytes]:
    """Let aiohttp's client have a fault, without inflating the body."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with (
        FaultyServer(fault) as server,
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
        session.get(server.url, allow_redirects=False) as response,
    ):
        return response.status, await response.read()


def framed(response: Response) -> bytes:
    """Check that the framing is sound, and return the body."""
    assert response.all("Content-Length") == [str(len(response.body))]
    assert response.all("Transfer-Encoding") == []
    return response.body


class TestContent:
    async def test_response(self, play: Any) -> None:
        response = parse(await play(faults.response()))
        assert response.start == "HTTP/1.1 200 OK"
        assert response.all("Content-Type") == ["application/json; charset=utf-8"]
        assert response.all("Content-Encoding") == ["gzip"]
        assert gzip.decompress(framed(response)) == faults.BODY

    @pytest.mark.parametrize("model", [Run, Instance])
    def test_the_body_is_valid_for_runs_and_instances(self, model: type) -> None:
        envelope = msgspec.json.decode(faults.BODY)
        assert envelope["status"] == "OK"
        msgspec.convert(envelope["data"], model)

    async def test_own_response(self, play: Any) -> None:
        headers = {"content-type": "text/plain", "X-Mine": "yes"}
        response = parse(await play(faults.response(b"hello", 599, headers, gzip=False)))
        assert response.start == "HTTP/1.1 599 Unknown"
        assert response.all("content-type") == ["text/plain"]
        assert response.all("Content-Type") == response.all("Content-Encoding") == []
        assert response.all("X-Mine") == ["yes"]
        assert framed(response) == b"hello"

    async def test_json_response(self, play: Any) -> None:
        response = parse(await play(faults.json_response([1, None], gzip=False)))
        assert framed(response) == b'{"status":"OK","data":[1,null]}'

    async def test_plain(self, play: Any) -> None:
        response = parse(await play(faults.plain()))
        assert response.all("Content-Encoding") == []
        assert framed(response) == faults.BODY

    async def test_html(self, play: Any) -> None:
        response = parse(await play(faults.html(502)))
        assert response.start == "HTTP/1.1 502 Bad Gateway"
        assert response.all("Content-Type") == ["text/html; charset=utf-8"]
        assert gzip.decompress(framed(response)).startswith(b"<!DOCTYPE html>")

    async def test_redirect(self, play: Any) -> None:
        response = parse(await play(faults.redirect(307, "http://127.0.0.1:1/v1")))
        assert response.start == "HTTP/1.1 307 Temporary Redirect"
        assert response.all("Location") == ["http://127.0.0.1:1/v1"]
        assert framed(response) == b""

    async def test_redirect_loop(self) -> None:
        async with (
            FaultyServer(faults.redirect_loop()) as server,
            aiohttp.ClientSession() as client,
        ):
            with pytest.raises(aiohttp.TooManyRedirects):
                await client.get(f"{server.url}/a?b=c", max_redirects=3)
            assert [one.target for one in server.requests] == ["/v1/a?b=c"] * 3

    async def test_raw(self, play: Any) -> None:
        assert await play(faults.raw(b"anything"), GET) == b"anything"


class TestHanging:
    async def test_reset(self, play: Any) -> None:
        with pytest.raises(ConnectionResetError):
            await play(faults.reset(), GET)

    async def test_reset_midway(self, connect: Any) -> None:
        async with FaultyServer(faults.reset_midway()) as server, connect(server.url) as wire:
            wire.writer.write(GET)
            assert await wire.reader.readline() == b"HTTP/1.1 200 OK\r\n"
            with pytest.raises(ConnectionResetError):
                await wire.reader.read()

    async def test_close(self, play: Any) -> None:
        assert await play(faults.close(), GET) == b""

    async def test_close_midway(self, play: Any) -> None:
        response = parse(await play(faults.close_midway(b"12345678", gzip=False), GET))
        assert response.all("Content-Length") == ["8"]
        assert response.body == b"1234"

    async def test_early_close(self, play: Any) -> None:
        response = parse(await play(faults.early_close(), GET))
        assert response.all("Connection") == []
        assert gzip.decompress(framed(response)) == faults.BODY

    @pytest.mark.parametrize(
        ("fault", "part"),
        [
            (faults.stall(), b""),
            (faults.stall_midway("headers"), b"HTTP/1.1 200 OK\r\nContent-"),
            (faults.stall_midway("body", b"1234", gzip=False), b"Content-Length: 4\r\n\r\n12"),
        ],
    )
    async def test_stalling_ends_when_the_client_leaves(
        self, connect: Any, fault: Fault, part: bytes
    ) -> None:
        async with FaultyServer(fault) as server, asyncio.timeout(SECONDS):
            async with connect(server.url) as wire:
                wire.writer.write(GET)
                await server.wait_for_requests()
                if part:
                    await wire.reader.readuntil(part)
                assert not wire.reader.at_eof()
                assert server.open_connections == 1
            await server.wait_for_no_connections()

    @pytest.mark.parametrize("fault", [faults.drip(), faults.drip_headers(), faults.drip(b"")])
    async def test_dripping_is_right_in_the_end(self, fault: Fault) -> None:
        status, body = await get(fault)
        assert status == 200
        assert gzip.decompress(body) in {b"", faults.BODY}

    async def test_dripping_ends_when_the_client_leaves(self, connect: Any) -> None:
        async with FaultyServer(faults.drip(interval=3600)) as server, asyncio.timeout(SECONDS):
            async with connect(server.url) as wire:
                wire.writer.write(GET)
                await wire.reader.readuntil(b"\r\n\r\n\x1f")
            await server.wait_for_no_connections()

    @pytest.mark.parametrize("delay", [None, 0.0])
    async def test_second_response(self, play: Any, delay: float | None) -> None:
        received = await play(faults.second_response(delay, b"1", b"2", gzip=False))
        assert received.count(b"HTTP/1.1 200 OK\r\n") == 2
        assert received.endswith(b"\r\n\r\n2")
        assert b"\r\n\r\n1HTTP/1.1" in received


class TestHeads:
    @pytest.mark.parametrize(
        ("fault", "start"),
        [
            (faults.garbage(), b"SSH-2.0"),
            (faults.garbage(b"\x15\x03\x01"), b"\x15\x03\x01"),
            (faults.bad_status_line(), b"HTTP/1.1 two-hundred OK\r\nContent-"),
            (faults.http09(), faults.BODY),
        ],
    )
    async def test_no_http(self, play: Any, fault: Fault, start: bytes) -> None:
        assert (await play(fault, GET)).startswith(start)
        with pytest.raises(aiohttp.ClientResponseError, match="Bad status line"):
            await get(fault)

    async def test_huge_header(self, play: Any) -> None:
        response = parse(await play(faults.huge_header(100_000)))
        assert response.all("X-Huge") == ["x" * 100_000]
        assert gzip.decompress(framed(response)) == faults.BODY

    async def test_many_headers(self, play: Any) -> None:
        response = parse(await play(faults.many_headers(1000)))
        assert len(response.headers) > 1000
        assert gzip.decompress(framed(response)) == faults.BODY

    @pytest.mark.parametrize(
        ("fault", "part"),
        [
            (faults.endless_headers(), b"X-Endless: and so on\r\n"),
            (faults.endless_informational(), b"HTTP/1.1 100 Continue\r\n\r\n"),
            (faults.endless_trailers(), b"X-Endless: and so on\r\n"),
            (faults.endless_body(gzip=False), b"4000\r\n" + b" " * 0x4000 + b"\r\n"),
            (faults.endless_body(), b"\x00\x00\xff\xff\r\n"),
        ],
    )
    async def test_endless(self, connect: Any, fault: Fault, part: bytes) -> None:
        async with FaultyServer(fault) as server, asyncio.timeout(SECONDS):
            async with connect(server.url) as wire:
                wire.writer.write(GET)
                for _ in range(100):
                    await wire.reader.readuntil(part)
            await server.wait_for_no_connections()

    @pytest.mark.parametrize(
        ("fault", "start"),
        [
            (faults.endless_headers(), b"HTTP/1.1 200 OK\r\nX-Endless: and so on\r\n"),
            (faults.endless_informational(), b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100"),
        ],
    )
    async def test_endless_from_the_start(self, connect: Any, fault: Fault, start: bytes) -> None:
        async with FaultyServer(fault) as server, connect(server.url) as wire:
            wire.writer.write(GET)
            assert await wire.reader.readexactly(len(start)) == start


class TestFraming:
    async def test_short_length(self, play: Any) -> None:
        response = parse(await play(faults.short_length(b"1234", missing=3, gzip=False), GET))
        assert response.all("Content-Length") == ["7"]
        assert response.body == b"1234"

    async def test_long_length(self, play: Any) -> None:
        response = parse(await play(faults.long_length(b"1234", extra=b"56", gzip=False)))
        assert response.all("Content-Length") == ["4"]
        assert response.body == b"123456"

    async def test_two_lengths(self, play: Any) -> None:
        response = parse(await play(faults.two_lengths(b"1234", gzip=False), GET))
        assert response.all("Content-Length") == ["4", "5"]
        assert response.body == b"1234"

    async def test_length_and_chunked(self, play: Any) -> None:
        response = parse(await play(faults.length_and_chunked(b"1234", gzip=False), GET))
        assert response.all("Content-Length") == ["2"]
        assert response.all("Transfer-Encoding") == ["chunked"]
        assert response.body == b"4\r\n1234\r\n0\r\n\r\n"

    async def test_bad_chunk(self, play: Any) -> None:
        response = parse(await play(faults.bad_chunk(b"1234", gzip=False), GET))
        assert response.all("Transfer-Encoding") == ["chunked"]
        assert response.body == b"2\r\n12\r\nmany\r\n34\r\n0\r\n\r\n"

    async def test_truncated_chunks(self, play: Any) -> None:
        response = parse(await play(faults.truncated_chunks(b"1234", gzip=False), GET))
        assert response.all("Transfer-Encoding") == ["chunked"]
        assert response.body == b"2\r\n12\r\n2\r\n34\r\n"

    @pytest.mark.parametrize("make", [faults.short_length, faults.long_length, faults.two_lengths])
    async def test_with_gzip(self, play: Any, make: Any) -> None:
        response = parse(await play(make()))
        assert response.all("Content-Encoding") == ["gzip"]
        assert zlib.decompressobj(wbits=31).decompress(response.body) == faults.BODY

    async def test_endless_body_is_sound_gzip(self) -> None:
        inflating = zlib.decompressobj(wbits=31)
        async with (
            FaultyServer(faults.endless_body()) as server,
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(server.url) as response,
        ):
            inflated = 0
            while inflated < 1_000_000:
                text = inflating.decompress(await response.content.readany())
                assert not text.strip(b" ")
                inflated += len(text)
            response.close()

    @pytest.mark.parametrize(
        "fault",
        [
            faults.close_midway(),
            faults.reset_midway(),
            faults.short_length(),
            faults.truncated_chunks(),
            faults.bad_chunk(),
            faults.length_and_chunked(),
            faults.two_lengths(),
            faults.huge_header(),
            faults.many_headers(),
            faults.endless_headers(),
            faults.endless_trailers(),
        ],
    )
    async def test_what_a_correct_client_makes_of_it(self, fault: Fault) -> None:
        with pytest.raises(aiohttp.ClientError):
            await get(fault)


class TestEncoding:
    @pytest.mark.parametrize("missing", [None, 1, 8, 9])
    async def test_truncated_gzip(self, play: Any, missing: int | None) -> None:
        body = framed(parse(await play(faults.truncated_gzip(missing=missing))))
        inflating = zlib.decompressobj(wbits=31)
        assert faults.BODY.startswith(inflating.decompress(body))
        assert not inflating.eof

    async def test_corrupt_gzip(self, play: Any) -> None:
        body = framed(parse(await play(faults.corrupt_gzip())))
        with pytest.raises(zlib.error):
            zlib.decompress(body, wbits=31)

    async def test_bad_crc(self, play: Any) -> None:
        body = framed(parse(await play(faults.bad_crc())))
        with pytest.raises(zlib.error, match="incorrect data check"):
            zlib.decompress(body, wbits=31)
        assert zlib.decompress(body[10:-8], wbits=-15) == faults.BODY

    async def test_trailing_garbage(self, play: Any) -> None:
        body = framed(parse(await play(faults.trailing_garbage(extra=b"tail"))))
        inflating = zlib.decompressobj(wbits=31)
        assert inflating.decompress(body) == faults.BODY
        assert inflating.unused_data == b"tail"

    @pytest.mark.parametrize("count", [1, 2, 1000])
    async def test_many_members(self, play: Any, count: int) -> None:
        body = framed(parse(await play(faults.many_members(count))))
        assert gzip.decompress(body) == faults.BODY
        members = 0
        while body:
            inflating = zlib.decompressobj(wbits=31)
            inflating.decompress(body)
            body = inflating.unused_data
            members += 1
        assert members == count

    @pytest.mark.parametrize("name", ["br", "zstd", "nonsense"])
    async def test_unknown_encoding(self, play: Any, name: str) -> None:
        response = parse(await play(faults.wrong_encoding(name)))
        assert response.all("Content-Encoding") == [name]
        assert framed(response) == faults.BODY

    async def test_deflate(self, play: Any) -> None:
        response = parse(await play(faults.wrong_encoding("deflate")))
        assert zlib.decompress(framed(response)) == faults.BODY

    async def test_gzip_twice(self, play: Any) -> None:
        response = parse(await play(faults.wrong_encoding("gzip, gzip")))
        assert response.all("Content-Encoding") == ["gzip, gzip"]
        assert gzip.decompress(gzip.decompress(framed(response))) == faults.BODY

    async def test_encoding_without_gzip(self, play: Any) -> None:
        response = parse(await play(faults.encoding_without_gzip()))
        assert response.all("Content-Encoding") == ["gzip"]
        assert framed(response) == faults.BODY


class TestBombs:
    @pytest.mark.parametrize("kind", ["zeros", "whitespace", "string", "objects", "list"])
    @pytest.mark.parametrize("size", [100, 1_100_000, 1_100_001, 1_100_002])
    async def test_is_sound(self, play: Any, kind: Any, size: int) -> None:
        body = framed(parse(await play(faults.gzip_bomb(size, kind))))
        inflated = gzip.decompress(body)
        assert len(inflated) == size
        assert len(body) < 200 + size // 100
        if kind == "zeros":
            assert not any(inflated)
            return
        data = msgspec.json.decode(inflated)["data"]
        if kind == "whitespace":
            assert (inflated[:1], data) == (b" ", {})
        elif kind == "string":
            assert set(data["runId"]) == {"x"}
        else:
            elements = data["specs"] if kind == "objects" else data
            assert elements[0] == {}
            assert len(elements) > size // 3 - 20

    async def test_large_ones_need_no_memory(self, connect: Any) -> None:
        fault = faults.gzip_bomb(10**15)
        async with FaultyServer(fault) as server, connect(server.url) as wire:
            wire.writer.write(GET)
            head = await wire.reader.readuntil(b"\r\n\r\n")
            (length,) = parse(head).all("Content-Length")
            assert int(length) < 10**12 + 10**10
            await wire.reader.readexactly(100_000)

    def test_too_small(self) -> None:
        with pytest.raises(InvalidArgumentError, match="size must be at least 35 for string"):
            faults.gzip_bomb(34, "string")


class TestBrokenJSON:
    @pytest.mark.parametrize("name", faults.BROKEN_JSON)
    async def test_is_sent_unchanged(self, name: str) -> None:
        status, body = await get(faults.response(faults.BROKEN_JSON[name]))
        assert status == 200
        assert gzip.decompress(body) == faults.BROKEN_JSON[name]

    def test_are_all_different(self) -> None:
        assert len(set(faults.BROKEN_JSON.values())) == len(faults.BROKEN_JSON)

    def test_cannot_be_changed(self) -> None:
        with pytest.raises(TypeError):
            faults.BROKEN_JSON["empty"] = b"{}"  # type: ignore[index] # pyright: ignore[reportIndexIssue]


def test_all_lists_every_public_name() -> None:
    public = {name for name in vars(faults) if not name.startswith("_")}
    assert public == set(faults.__all__)
    assert faults.__all__ == sorted(faults.__all__)


def test_every_function_has_a_docstring() -> None:
    for name in faults.__all__:
        value = getattr(faults, name)
        assert not callable(value) or value.__doc__
