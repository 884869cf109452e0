"""Responses that announce a wrong or ambiguous end of their body, and bodies that never end."""

from currents_async.testing._faulty.content import BODY
from currents_async.testing._faulty.exchange import Fault
from currents_async.testing._faulty.message import (
    CHUNKED,
    GZIP,
    LAST_CHUNK,
    chunk,
    halves,
    head,
    json_head,
    length,
    pack,
    sends,
    sends_forever,
)
from currents_async.testing._gzip import GZIP_START, deflate

_CHUNK = 16 * 1024


def short_length(body: bytes = BODY, *, missing: int = 10, gzip: bool = True) -> Fault:
    """Send the whole body, announce `missing` bytes more, and close."""
    packed, encoding = pack(body, gzip=gzip)
    announced = {"Content-Length": str(len(packed) + missing)}
    return sends(json_head({**encoding, **announced}) + packed, close=True)


def long_length(
    body: bytes = BODY, *, extra: bytes = b"and so on\r\n\r\n", gzip: bool = True
) -> Fault:
    """Send the whole body as announced, and garbage after it, on a connection that stays open."""
    packed, encoding = pack(body, gzip=gzip)
    return sends(json_head({**encoding, **length(packed)}) + packed + extra, close=False)


def two_lengths(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Announce two lengths, of which the first is correct."""
    packed, encoding = pack(body, gzip=gzip)
    lengths = [("Content-Length", str(len(packed) + more)) for more in (0, 1)]
    return sends(head([*encoding.items(), *lengths]) + packed, close=True)


def length_and_chunked(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send chunks, and announce a length too, which covers half of the body."""
    packed, encoding = pack(body, gzip=gzip)
    start = json_head({**encoding, **CHUNKED, **length(halves(packed)[0])})
    return sends(start + chunk(packed) + LAST_CHUNK, close=True)


def bad_chunk(body: bytes = BODY, size: bytes = b"many", *, gzip: bool = True) -> Fault:
    """Send half of the body as a chunk, then one whose size is not a number, and close."""
    packed, encoding = pack(body, gzip=gzip)
    first, second = halves(packed)
    wrong = size + b"\r\n" + second + b"\r\n" + LAST_CHUNK
    return sends(json_head({**encoding, **CHUNKED}) + chunk(first) + wrong, close=True)


def truncated_chunks(body: bytes = BODY, *, gzip: bool = True) -> Fault:
    """Send the whole body in chunks, but not the last chunk, which is empty; and close."""
    packed, encoding = pack(body, gzip=gzip)
    chunks = b"".join(chunk(half) for half in halves(packed))
    return sends(json_head({**encoding, **CHUNKED}) + chunks, close=True)


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
    trailer = b"X-Endless: and so on\r\n"
    start = json_head({**encoding, **CHUNKED}) + chunk(packed) + b"0\r\n"
    return sends_forever(start, trailer * (_CHUNK // len(trailer)))
