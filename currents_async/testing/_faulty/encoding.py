"""Bodies that are not encoded as their headers say, with correct framing."""

import zlib
from itertools import pairwise

from currents_async.testing._faulty.content import BODY, response
from currents_async.testing._faulty.exchange import Fault
from currents_async.testing._faulty.message import GZIP, halves
from currents_async.testing._gzip import compress

# A gzip stream ends with its CRC and its length, four bytes each.
_TRAILER = 8


def truncated_gzip(body: bytes = BODY, *, missing: int | None = None) -> Fault:
    """Send a gzip stream without its last `missing` bytes, by default half of it."""
    packed = compress(body)
    return _gzip(halves(packed)[0] if missing is None else packed[: len(packed) - missing])


def corrupt_gzip(body: bytes = BODY) -> Fault:
    """Send a gzip stream with damage in the middle."""
    return _gzip(flip_bits(compress(body)))


def bad_crc(body: bytes = BODY) -> Fault:
    """Send a gzip stream in which only the CRC is wrong."""
    packed = bytearray(compress(body))
    packed[-_TRAILER] ^= 0xFF
    return _gzip(bytes(packed))


def trailing_garbage(body: bytes = BODY, extra: bytes = b"and so on") -> Fault:
    """Send a whole gzip stream, and more bytes after its end."""
    return _gzip(compress(body) + extra)


def many_members(count: int = 2, body: bytes = BODY) -> Fault:
    """Send the body in `count` gzip members, which together are a valid gzip stream.

    If there are more members than bytes, some are empty.
    """
    size = len(body)
    cuts = [size * number // count for number in range(count + 1)]
    pieces = (body[start:end] for start, end in pairwise(cuts))
    return _gzip(b"".join(compress(piece) for piece in pieces))


def wrong_encoding(name: str = "br", body: bytes = BODY) -> Fault:
    """Send an encoding that the client did not ask for, such as `br`, `zstd` or `gzip, gzip`.

    `deflate` and any number of `gzip` are really applied; in other encodings the body is plain.
    """
    packed = body
    for one in name.split(","):
        if one.strip() == "gzip":
            packed = compress(packed)
        elif one.strip() == "deflate":
            packed = zlib.compress(packed)
    return response(packed, headers={"Content-Encoding": name}, gzip=False)


def encoding_without_gzip(body: bytes = BODY) -> Fault:
    """Announce gzip, and send the body plain."""
    return _gzip(body)


def flip_bits(packed: bytes) -> bytes:
    """Flip some bits in the middle of a stream."""
    first, second = halves(packed)
    return first + bytes(255 - byte for byte in second[:4]) + second[4:]


def _gzip(packed: bytes) -> Fault:
    return response(packed, headers=GZIP, gzip=False)
