"""Valid HTTP messages, whole and in parts, and the faults that send a whole one."""

import zlib
from collections.abc import Iterable, Mapping
from http.client import responses
from typing import Any, Literal, TypeAlias

import msgspec

from currents_async.testing._faulty.exchange import Exchange, Fault

BODY = msgspec.json.encode({
    "status": "OK",
    "data": {
        "runId": "r",
        "projectId": "p",
        "completionState": "COMPLETE",
        "status": "PASSED",
        "instanceId": "i",
        "groupId": "g",
        "spec": "a.spec.ts",
        "specs": [{"spec": f"{name}.spec.ts", "groupId": "g"} for name in "abc"],
    },
})
"""A valid envelope: its data is valid for a run and for an instance."""

_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>"

GZIP = {"Content-Encoding": "gzip"}
GZIP_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
"""The header of a gzip stream."""
_GZIP_WBITS = 31
CHUNKED = {"Transfer-Encoding": "chunked"}
LAST_CHUNK = b"0\r\n\r\n"

Step: TypeAlias = bytes | float | Literal["wait", "close", "reset"]
"""Bytes to send, seconds to pause, or a method of `Exchange` that ends the response."""


def compress(data: bytes) -> bytes:
    """Compress data into a gzip stream."""
    return zlib.compress(data, wbits=_GZIP_WBITS)


def deflate(data: bytes) -> bytes:
    """Compress data into blocks that may stand anywhere in a deflate stream, any number of times.

    The full flush aligns their end to a byte, and they refer to nothing outside themselves.
    """
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflating.compress(data) + deflating.flush(zlib.Z_FULL_FLUSH)


def head(headers: Iterable[tuple[str, str]], status: int = 200) -> bytes:
    """Return a status line and headers, with the blank line after them."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def json_head(headers: Mapping[str, str], status: int = 200) -> bytes:
    """Return a head that announces JSON, unless `headers` say otherwise."""
    kind = ("Content-Type", "application/json; charset=utf-8")
    is_given = "content-type" in map(str.lower, headers)
    return head([*([] if is_given else [kind]), *headers.items()], status)


def length(body: bytes) -> dict[str, str]:
    """Return the header that announces the length of a body."""
    return {"Content-Length": str(len(body))}


def chunk(data: bytes) -> bytes:
    """Frame some bytes as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def pack(body: bytes, *, gzip: bool) -> tuple[bytes, dict[str, str]]:
    """Return a body as it is sent, and the header that names its encoding."""
    return (compress(body), GZIP) if gzip else (body, {})


def message(
    body: bytes,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    gzip: bool = True,
) -> bytes:
    """Return a whole valid response."""
    packed, encoding = pack(body, gzip=gzip)
    return json_head({**encoding, **length(packed), **(headers or {})}, status) + packed


def plays(*steps: Step) -> Fault:
    """Make a fault that takes some steps, one after the other."""

    async def fault(exchange: Exchange) -> None:
        for step in steps:
            match step:
                case bytes():
                    await exchange.send(step)
                case "wait":
                    await exchange.wait()
                case "close":
                    exchange.close()
                case "reset":
                    exchange.reset()
                case seconds:
                    await exchange.pause(seconds)

    return fault


def sends_forever(start: bytes, chunk: bytes) -> Fault:
    """Make a fault that never stops sending."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(start)
        while True:
            await exchange.send(chunk)

    return fault


def halves(data: bytes) -> tuple[bytes, bytes]:
    """Split bytes in the middle."""
    middle = len(data) // 2
    return data[:middle], data[middle:]


def response(
    body: bytes = BODY,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    gzip: bool = True,
) -> Fault:
    """Send a valid response; `headers` override the default ones."""
    return plays(message(body, status=status, headers=headers, gzip=gzip))


def json_response(data: Any, status: int = 200, *, gzip: bool = True) -> Fault:
    """Send a valid response with this data in the envelope."""
    return response(msgspec.json.encode({"status": "OK", "data": data}), status, gzip=gzip)


def plain(body: bytes = BODY) -> Fault:
    """Send a valid response without any content encoding."""
    return response(body, gzip=False)


def html(status: int = 200) -> Fault:
    """Send a page of HTML, as gateways and login screens do."""
    return response(_HTML, status, {"Content-Type": "text/html; charset=utf-8"})


def redirect(status: int = 302, location: str = "/v1/elsewhere") -> Fault:
    """Redirect the client to another URL."""
    return response(b"", status, {"Location": location}, gzip=False)


def redirect_loop(status: int = 302) -> Fault:
    """Redirect the client to the URL that it has requested."""

    async def fault(exchange: Exchange) -> None:
        await redirect(status, exchange.request.target)(exchange)

    return fault


def raw(data: bytes, *, close: bool = True) -> Fault:
    """Send these bytes and no others, head and framing included."""
    return plays(data, "close") if close else plays(data)
