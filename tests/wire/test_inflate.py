import gzip
import subprocess
import sys
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire.body_errors import (
    CorruptBodyError,
    OversizedBodyError,
    TruncatedBodyError,
)
from currents_async._wire.inflate import ISAL, SLICE, ZLIB, Backend, inflate_small, inflater_for

BACKENDS = [
    pytest.param(ZLIB, id="zlib"),
    pytest.param(
        ISAL, id="isal", marks=pytest.mark.skipif(ISAL is None, reason="extra [speed] is missing")
    ),
]
MiB = 1024 * 1024


def inflate(
    raw: bytes, backend: Backend, *, step: int = 1000, encoding: str = "gzip", limit: int = MiB
) -> list[bytes]:
    inflater = inflater_for(encoding, limit, backend)
    pieces = [
        piece
        for start in range(0, len(raw), step)
        for piece in inflater.feed(raw[start : start + step])
    ]
    inflater.flush()
    return pieces


@pytest.mark.parametrize("backend", BACKENDS)
class TestGzip:
    @given(text=st.binary(max_size=5000), step=st.integers(1, 6000))
    def test_any_split_gives_the_same_bytes(self, backend: Backend, text: bytes, step: int) -> None:
        assert b"".join(inflate(gzip.compress(text), backend, step=step)) == text

    def test_slices_are_bounded_whatever_the_ratio(self, backend: Backend) -> None:
        text = bytes(10 * SLICE + 5)
        pieces = inflate(gzip.compress(text), backend, step=MiB)
        assert b"".join(pieces) == text
        assert max(map(len, pieces)) <= SLICE
        assert len(pieces) <= 12

    def test_the_first_slice_may_be_small(self, backend: Backend) -> None:
        text = bytes(10 * SLICE)
        pieces = list(inflater_for("gzip", MiB, backend, first=8192).feed(gzip.compress(text)))
        assert [len(piece) for piece in pieces[:5]] == [8192, 16384, 32768, SLICE, SLICE]
        assert b"".join(pieces) == text

    @pytest.mark.parametrize("cut", [1, 4, 8, 9, 50])
    def test_truncation(self, backend: Backend, cut: int) -> None:
        with pytest.raises(TruncatedBodyError, match="ends early"):
            inflate(gzip.compress(b"x" * 1000 + bytes(range(256)))[:-cut], backend)

    def test_nothing_at_all_is_truncated(self, backend: Backend) -> None:
        with pytest.raises(TruncatedBodyError):
            inflate(b"", backend)

    @pytest.mark.parametrize("place", [-1, -5, -8], ids=["size", "crc", "crc's first byte"])
    def test_wrong_checksum(self, backend: Backend, place: int) -> None:
        raw = bytearray(gzip.compress(b"hello" * 100))
        raw[place] ^= 1
        with pytest.raises(CorruptBodyError, match="corrupt"):
            inflate(bytes(raw), backend)

    def test_no_gzip_at_all(self, backend: Backend) -> None:
        with pytest.raises(CorruptBodyError, match="corrupt"):
            inflate(b"<html>not gzip</html>" * 10, backend)

    @pytest.mark.parametrize("step", [1, 7, MiB])
    @pytest.mark.parametrize(
        "tail",
        [b"\0garbage", b"garbage", b"\x1e\x8b\x08"],
        ids=["garbage behind a zero", "garbage", "nearly a member"],
    )
    def test_bytes_after_the_end(self, backend: Backend, step: int, tail: bytes) -> None:
        with pytest.raises(CorruptBodyError, match="follow the end"):
            inflate(gzip.compress(b"hello") + tail, backend, step=step)

    @pytest.mark.parametrize("step", [1, 7, MiB])
    @pytest.mark.parametrize("members", [2, 64])
    def test_several_members(self, backend: Backend, step: int, members: int) -> None:
        pieces = inflate(gzip.compress(b"hello") * members, backend, step=step)
        assert b"".join(pieces) == b"hello" * members

    @pytest.mark.parametrize("step", [1, 7, MiB])
    @pytest.mark.parametrize("zeros", [1, 100])
    def test_zeros_behind_a_member_are_padding(
        self, backend: Backend, step: int, zeros: int
    ) -> None:
        padded = gzip.compress(b"hello") + bytes(zeros)
        assert b"".join(inflate(padded, backend, step=step)) == b"hello"
        assert b"".join(inflate(padded * 2, backend, step=step)) == b"hello" * 2

    def test_endless_zeros_end_at_the_limit(self, backend: Backend) -> None:
        with pytest.raises(OversizedBodyError):
            inflate(gzip.compress(b"hello") + bytes(2000), backend, limit=1000)

    @pytest.mark.parametrize("step", [1, MiB])
    def test_a_last_member_that_ends_early(self, backend: Backend, step: int) -> None:
        with pytest.raises(TruncatedBodyError):
            inflate(gzip.compress(b"hello") * 2 + gzip.compress(b"hello")[:-1], backend, step=step)

    @pytest.mark.parametrize("tail", [b"\x1f", b"\x1f\x8b", gzip.compress(b"more", mtime=0)[:9]])
    def test_a_member_that_just_begins_is_truncated(self, backend: Backend, tail: bytes) -> None:
        with pytest.raises(TruncatedBodyError):
            inflate(gzip.compress(b"hello") + tail, backend)

    @given(texts=st.lists(st.binary(max_size=300), min_size=1, max_size=5), step=st.integers(1, 99))
    def test_members_in_any_split(self, backend: Backend, texts: list[bytes], step: int) -> None:
        raw = b"".join(gzip.compress(text) for text in texts)
        assert b"".join(inflate(raw, backend, step=step)) == b"".join(texts)

    @given(cut=st.integers(0, 99), step=st.integers(1, 99))
    def test_cut_anywhere(self, backend: Backend, cut: int, step: int) -> None:
        raw = gzip.compress(bytes(range(80)))
        assert len(raw) == 100
        with pytest.raises(TruncatedBodyError):
            inflate(raw[:cut], backend, step=step)

    @given(place=st.integers(0, 99), bit=st.integers(0, 7))
    def test_a_flipped_bit_never_changes_the_text(
        self, backend: Backend, place: int, bit: int
    ) -> None:
        text = bytes(range(80))
        raw = bytearray(gzip.compress(text))
        raw[place] ^= 1 << bit
        # A few bits mean nothing: the time in the header, the padding behind the last code.
        with suppress(CorruptBodyError, TruncatedBodyError):
            assert b"".join(inflate(bytes(raw), backend)) == text

    @pytest.mark.parametrize("text", [b"", b"hello"])
    def test_too_many_members(self, backend: Backend, text: bytes) -> None:
        with pytest.raises(CorruptBodyError, match="64 members"):
            inflate(gzip.compress(text) * 65, backend)

    def test_a_bomb_ends_at_the_limit(self, backend: Backend) -> None:
        bomb = gzip.compress(bytes(20 * MiB))
        inflater = inflater_for("gzip", MiB, backend)
        out = 0
        with pytest.raises(OversizedBodyError) as caught:
            for piece in inflater.feed(bomb):
                out += len(piece)
        assert caught.value.limit == MiB
        assert out <= MiB

    def test_the_limit_itself_is_allowed(self, backend: Backend) -> None:
        assert len(b"".join(inflate(gzip.compress(bytes(MiB)), backend))) == MiB


class TestIdentity:
    def test_bytes_pass_in_slices(self) -> None:
        raw = bytes(range(256)) * 1000
        pieces = inflate(raw, ZLIB, step=MiB, encoding="")
        assert b"".join(pieces) == raw
        assert max(map(len, pieces)) <= SLICE

    def test_the_limit_holds(self) -> None:
        with pytest.raises(OversizedBodyError):
            inflate(bytes(MiB + 1), ZLIB, encoding="identity")


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for(encoding: str) -> None:
    with pytest.raises(CorruptBodyError, match="not asked for"):
        inflater_for(encoding, MiB)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_names_of_gzip(encoding: str) -> None:
    assert inflate(gzip.compress(b"hello"), ZLIB, encoding=encoding) == [b"hello"]


def test_zlib_inflates_where_isal_is_not_installed() -> None:
    code = (
        "import sys, gzip; sys.modules['isal'] = None;"
        "from currents_async._wire import inflate;"
        "assert inflate.ISAL is None and inflate.FASTEST is inflate.ZLIB;"
        "inflater = inflate.inflater_for('gzip', 100);"
        "assert b''.join(inflater.feed(gzip.compress(b'hello'))) == b'hello';"
        "inflater.flush()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603 - our own code


def test_zlib_keeps_its_place_without_isal() -> None:
    """The fallback is used by machines without the extra: it must not depend on isal's errors."""
    assert ZLIB.errors == (zlib.error,)


class TestSmall:
    @given(st.binary(max_size=99))
    def test_a_text_below_the_size_comes_whole(self, text: bytes) -> None:
        assert inflate_small("gzip", gzip.compress(text), 100) == text

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("", b"{}"),
            ("gzip", b""),
            ("gzip", gzip.compress(bytes(100))),
            ("gzip", gzip.compress(bytes(5000))[:-4] + bytes(4)),  # it lies about its size
            ("gzip", gzip.compress(b"{}")[:-9] + bytes(4)),
            ("gzip", b"\0" + gzip.compress(b"{}")),
            ("gzip", gzip.compress(b"{") + gzip.compress(b"}")),
            ("gzip", gzip.compress(b"{}") + bytes(4)),
        ],
    )
    def test_all_others_are_left_to_an_inflater(self, encoding: str, body: bytes) -> None:
        assert inflate_small(encoding, body, 100) is None
