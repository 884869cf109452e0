"""Gzip as the fake servers write it, whole or in blocks."""

import zlib

GZIP_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
"""The header of a gzip stream."""

_GZIP_WBITS = 31


def compress(data: bytes) -> bytes:
    """Compress data into a gzip stream."""
    return zlib.compress(data, wbits=_GZIP_WBITS)


def deflate(data: bytes) -> bytes:
    """Compress data into blocks that may stand anywhere in a deflate stream, any number of times.

    The full flush aligns their end to a byte, and they refer to nothing outside themselves.
    """
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflating.compress(data) + deflating.flush(zlib.Z_FULL_FLUSH)
