"""Small gzip streams that inflate to any number of bytes, made without holding those."""

import struct
import zlib
from typing import Literal, NamedTuple

from currents_async.errors import InvalidArgumentError
from currents_async.testing._faulty.exchange import Exchange, Fault
from currents_async.testing._faulty.message import GZIP, json_head
from currents_async.testing._gzip import GZIP_START, deflate

_END = b"\x03\x00"  # the last block, an empty one
_BLOCK = 1024 * 1024
_UINT32_MAX = 0xFFFFFFFF

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
    packed_size = len(first) + blocks * len(packed_block) + len(final) + 8

    async def fault(exchange: Exchange) -> None:
        await exchange.send(json_head({**GZIP, "Content-Length": str(packed_size)}) + first)
        crc = zlib.crc32(start)
        for _ in range(blocks):
            crc = zlib.crc32(block, crc)
            await exchange.send(packed_block)
        crc = zlib.crc32(last, crc)
        await exchange.send(final + struct.pack("<II", crc, size & _UINT32_MAX))

    return fault
