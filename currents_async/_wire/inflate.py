"""Raw bytes of a body in, inflated slices out: bounded, and strict about how a body ends."""

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, cast

from currents_async._wire.body_errors import (
    CorruptBodyError,
    OversizedBodyError,
    TruncatedBodyError,
)

SLICE = 64 * 1024
"""The most bytes that come out at once, so that the caller can yield to the event loop."""

_MAGIC = b"\x1f\x8b"
_MAX_MEMBERS = 64
"""A member may take 20 bytes and inflate to nothing: without a bound it only costs time."""


class Inflater(Protocol):
    """A push decoder for one content encoding."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` inflates to, in slices of at most `SLICE` bytes.

        Raises `CorruptBodyError` and `OversizedBodyError`. Exhaust it before feeding the next
        chunk.
        """
        ...

    def flush(self) -> None:
        """Note that the body has ended; raise `TruncatedBodyError` if it must not end here."""
        ...


class Member(Protocol):
    """A decompressor of one gzip member; the interface is isal's."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes: ...


class Backend(NamedTuple):
    """A library that inflates."""

    new_member: Callable[[], Member]
    errors: tuple[type[Exception], ...]


def inflater_for(
    encoding: str, limit: int, backend: Backend | None = None, *, first: int = SLICE
) -> Inflater:
    """Choose by the Content-Encoding header; raise `CorruptBodyError` for one we did not accept.

    `first` is the size of the first slice: less than `SLICE` to get something early.
    """
    match encoding.strip().lower():
        case "gzip" | "x-gzip":
            return _GzipInflater(limit, backend or FASTEST, first)
        case "" | "identity":
            return _Identity(limit)
        case _:
            raise CorruptBodyError(
                f"the response is encoded as {encoding!r}, which was not asked for"
            )


def inflate_small(encoding: str, body: bytes, max_size: int) -> bytes | None:
    """Inflate a whole body into less than `max_size` bytes; None for any that is not just that."""
    # A gzip stream ends with its size, which may be wrong.
    if encoding != "gzip" or int.from_bytes(body[-4:], "little") >= max_size:
        return None
    member = FASTEST.new_member()
    try:
        text = member.decompress(body, max_size)
    except FASTEST.errors:
        return None
    return text if member.eof and not member.unused_data else None


class _Identity:
    """Bytes as they are, sliced and counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self._size += len(chunk)
        if self._size > self._limit:
            raise OversizedBodyError(self._limit)
        for start in range(0, len(chunk), SLICE):
            yield chunk[start : start + SLICE]

    def flush(self) -> None:
        """Do nothing: plain bytes have no end mark, and HTTP framing has checked their number."""


class _GzipInflater:
    """Gzip members, each complete, and nothing but zeros after the last."""

    def __init__(self, limit: int, backend: Backend, first: int) -> None:
        self._new_member = backend.new_member
        self._member = backend.new_member()
        self._members = 1
        self._slice = first
        self._errors = backend.errors
        self._limit = limit
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk or not (self._member.needs_input or self._member.eof):
            if self._member.eof:
                # Neither library complains: it just sets aside a second member, or garbage.
                chunk = self._without_padding(chunk)
                if not chunk:
                    return
                self._begin_member(chunk)
            piece = self._decompress(chunk)
            chunk = self._member.unused_data
            if piece:
                self._size += len(piece)
                self._check_size()
                yield piece

    def flush(self) -> None:
        # Neither library complains when the stream just stops.
        if not self._member.eof:
            raise TruncatedBodyError("the gzip stream ends early")

    def _without_padding(self, chunk: bytes) -> bytes:
        """Return what comes after the zeros that may follow a member: gzip's manual, "Tapes"."""
        rest = chunk.lstrip(b"\0")
        self._size += len(chunk) - len(rest)
        self._check_size()
        return rest

    def _check_size(self) -> None:
        if self._size > self._limit:
            raise OversizedBodyError(self._limit)

    def _begin_member(self, chunk: bytes) -> None:
        if not _MAGIC.startswith(chunk[: len(_MAGIC)]):
            raise CorruptBodyError("bytes follow the end of the gzip stream")
        if self._members == _MAX_MEMBERS:
            raise CorruptBodyError(f"the gzip stream has more than {_MAX_MEMBERS} members")
        self._members += 1
        self._member = self._new_member()

    def _decompress(self, chunk: bytes) -> bytes:
        try:
            piece = self._member.decompress(chunk, self._slice)
        except self._errors as error:
            reason = str(error)
        else:
            self._slice = min(2 * self._slice, SLICE)
            return piece
        raise CorruptBodyError(f"the gzip stream is corrupt: {reason}")


class _ZlibMember:
    """zlib behind the interface of isal, which keeps the input that it has not used yet."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return self._inflate.eof or not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max(max_length, 0))


def _isal() -> Backend | None:
    try:
        from isal import igzip_lib  # noqa: PLC0415 - the extra [speed]
    except ImportError:
        return None

    def new_member() -> Member:
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)

    # isal's stubs declare its exception as an instance.
    return Backend(new_member, (cast("type[Exception]", igzip_lib.IsalError),))


ZLIB = Backend(_ZlibMember, (zlib.error,))
ISAL = _isal()
FASTEST = ISAL or ZLIB
"""isal inflates 2.9 times as fast as zlib."""
