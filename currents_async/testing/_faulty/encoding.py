"""Bodies that are not encoded as their headers say, or inflate to far more, correctly framed."""

import struct
import zlib
from itertools import pairwise
from typing import Literal, NamedTuple

from currents_async.errors import InvalidArgumentError
from currents_async.testing._faulty.exchange import Exchange, Fault
from currents_async.testing._faulty.message import (
    BODY,
    GZIP,
    GZIP_START,
    compress,
    deflate,
    halves,
    json_head,
    response,
)

# A gzip stream ends with its CRC and its length, four bytes each.
_TRAILER = 8
_END = b"\x03\x00"  # the last block, an empty one
_BLOCK = 1024 * 1024
_UINT32_MAX = 0xFFFFFFFF


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


BombKind = Literal["zeros", "whitespace", "string", "objects", "list"]
"""What a bomb is filled with: see `gzip_bomb`."""


class _Filling(NamedTuple):
    """A unit that is repeated, the text around it, and padding for less than a unit."""

    start: bytes
    unit: bytes
    end: bytes
    pad: bytes = b" "


_ENVELOPE = b'{"status":"OK","data":'
_FILLINGS: dict[BombKind, _Filling] = {
    "zeros": _Filling(b"", b"\0", b""),
    "whitespace": _Filling(b"", b" ", _ENVELOPE + b"{}}"),
    "string": _Filling(_ENVELOPE + b'{"runId":"', b"x", b'"}}'),
    "objects": _Filling(_ENVELOPE + b'{"specs":[', b"{},", b"{}]}}"),
    "list": _Filling(_ENVELOPE + b"[", b"{},", b"{}]}"),
}


def gzip_bomb(size: int, kind: BombKind = "zeros") -> Fault:
    """Send a small valid gzip stream that inflates to exactly `size` bytes.

    They are zeros; white space before a JSON text; an envelope with one long string, in
    `data.runId`; or an envelope with very many `{}`, in `data.specs` or, for `list`, in `data`.
    """
    start, unit, end, pad = _FILLINGS[kind]
    fill = size - len(start) - len(end)
    if fill < 0:
        raise InvalidArgumentError(
            f"size must be at least {len(start) + len(end)} for {kind}, not {size}"
        )
    block = unit * (_BLOCK // len(unit))
    blocks, rest = divmod(fill, len(block))
    units, padding = divmod(rest, len(unit))
    last = unit * units + pad * padding + end
    packed_block = deflate(block)
    first = GZIP_START + deflate(start)
    final = deflate(last) + _END
    packed_size = len(first) + blocks * len(packed_block) + len(final) + _TRAILER

    async def fault(exchange: Exchange) -> None:
        await exchange.send(json_head({**GZIP, "Content-Length": str(packed_size)}) + first)
        crc = zlib.crc32(start)
        for _ in range(blocks):
            crc = zlib.crc32(block, crc)
            await exchange.send(packed_block)
        crc = zlib.crc32(last, crc)
        await exchange.send(final + struct.pack("<II", crc, size & _UINT32_MAX))

    return fault


def flip_bits(packed: bytes) -> bytes:
    """Flip some bits in the middle of a stream."""
    first, second = halves(packed)
    return first + bytes(255 - byte for byte in second[:4]) + second[4:]


def _gzip(packed: bytes) -> Fault:
    return response(packed, headers=GZIP, gzip=False)
