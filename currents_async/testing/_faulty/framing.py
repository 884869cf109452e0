"""Responses whose head is wrong, too large or endless, or announces the wrong end of the body."""

from currents_async.testing._faulty.exchange import Fault
from currents_async.testing._faulty.message import (
    BODY,
    CHUNKED,
    GZIP,
    GZIP_START,
    LAST_CHUNK,
    chunk,
    deflate,
    halves,
    head,
    json_head,
    length,
    message,
    pack,
    plays,
    sends_forever,
)

_CHUNK = 16 * 1024
# A banner, then bytes that no parser of HTTP accepts.
_GARBAGE = b"SSH-2.0-OpenSSH_9.6\r\n" + bytes(range(256))


def short_length(body: bytes = BODY, *, missing: int = 10, gzip: bool = True) -> Fault:
    """Send the whole body, announce `missing` bytes more, and close."""
    packed, encoding = pack(body, gzip=gzip)
    announced = {"Content-Length": str(len(packed) + missing)}
    return plays(json_head({**encoding, **announced}) + packed, "close")


def long_length(
    body: bytes = BODY, *, extra: bytes = b"and so on\r\n\r\n", gzip: bool = True
) -> Fault:
    """Send the whole body as announced, and garbage after it, on a connection that stays open."""
    packed, encoding = pack(body, gzip=gzip)
    return plays(json_head({**encoding, **length(packed)}) + packed + extra)


def two_lengths(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Announce two lengths, of which the first is correct."""
    packed, encoding = pack(body, gzip=gzip)
    lengths = [("Content-Length", str(len(packed) + more)) for more in (0, 1)]
    return plays(head([*encoding.items(), *lengths]) + packed, "close")


def length_and_chunked(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send chunks, and announce a length too, which covers half of the body."""
    packed, encoding = pack(body, gzip=gzip)
    start = json_head({**encoding, **CHUNKED, **length(halves(packed)[0])})
    return plays(start + chunk(packed) + LAST_CHUNK, "close")


def bad_chunk(body: bytes = BODY, size: bytes = b"many", *, gzip: bool = True) -> Fault:
    """Send half of the body as a chunk, then one whose size is not a number, and close."""
    packed, encoding = pack(body, gzip=gzip)
    first, second = halves(packed)
    wrong = size + b"\r\n" + second + b"\r\n" + LAST_CHUNK
    return plays(json_head({**encoding, **CHUNKED}) + chunk(first) + wrong, "close")


def truncated_chunks(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send the whole body in chunks, but not the last chunk, which is empty; and close."""
    packed, encoding = pack(body, gzip=gzip)
    chunks = b"".join(chunk(half) for half in halves(packed))
    return plays(json_head({**encoding, **CHUNKED}) + chunks, "close")


def endless_body(*, gzip: bool = True) -> Fault:
    """Send white space before a JSON text forever, in chunks."""
    blank = b" " * _CHUNK
    if not gzip:
        return sends_forever(json_head(CHUNKED), chunk(blank))
    start = json_head({**GZIP, **CHUNKED}) + chunk(GZIP_START)
    return sends_forever(start, chunk(deflate(blank)))


def endless_trailers(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send the whole body in chunks, and then trailers forever."""
    packed, encoding = pack(body, gzip=gzip)
    start = json_head({**encoding, **CHUNKED}) + chunk(packed) + b"0\r\n"
    return sends_forever(start, _many(b"X-Endless: and so on\r\n"))


def garbage(data: bytes = _GARBAGE) -> Fault:
    """Send bytes that are not HTTP at all, and close."""
    return plays(data, "close")


def bad_status_line(line: str = "HTTP/1.1 two-hundred OK") -> Fault:
    """Send a wrong first line, and close."""
    _, end, rest = message(BODY).partition(b"\r\n")
    return plays(line.encode() + end + rest, "close")


def http09(body: bytes = BODY) -> Fault:
    """Send a body without status line or headers, as HTTP/0.9 did, and close."""
    return plays(body, "close")


def huge_header(size: int = 1024 * 1024) -> Fault:
    """Send one header whose value has `size` bytes."""
    return plays(message(BODY, headers={"X-Huge": "x" * size}))


def many_headers(count: int = 10_000) -> Fault:
    """Send `count` small headers."""
    headers = {f"X-Header-{number}": str(number) for number in range(count)}
    return plays(message(BODY, headers=headers))


def endless_headers() -> Fault:
    """Start a response, and send headers forever."""
    return sends_forever(b"HTTP/1.1 200 OK\r\n", _many(b"X-Endless: and so on\r\n"))


def endless_informational() -> Fault:
    """Send `100 Continue` forever."""
    return sends_forever(b"", _many(b"HTTP/1.1 100 Continue\r\n\r\n"))


def _many(line: bytes) -> bytes:
    return line * (_CHUNK // len(line))
