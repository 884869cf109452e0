"""Contents of the files of assets: made up, valid for their type, the same for the same name."""

import struct
import zlib
from collections.abc import Callable
from hashlib import shake_256
from io import BytesIO
from pathlib import PurePosixPath
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

_VIDEO_SIZE = 64 * 1024
_WIDTH, _HEIGHT = 64, 36
_WEBM_HEADER = "1a45dfa39f4286810142f7810142f2810442f381084282847765626d4287810442858102"
_TRACE_DATE = (2026, 1, 5, 9, 0, 0)


class AssetFile(NamedTuple):
    """A file as it is downloaded."""

    content_type: str
    content: bytes


def make_file(name: str) -> AssetFile:
    """Make the file with a name; its suffix says the type, and an unknown one is just bytes."""
    path = PurePosixPath(name)
    kind = ".log" if path.name.startswith("stdout_") else path.suffix.lower()
    content_type, make = _KINDS.get(kind, ("application/octet-stream", _noise))
    return AssetFile(content_type, make(name))


def _noise(name: str, size: int = 1024) -> bytes:
    return shake_256(name.encode()).digest(size)


def _screenshot(name: str) -> bytes:
    """Draw a PNG of one colour."""
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    line = b"\0" + _noise(name, 3) * _WIDTH
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(line * _HEIGHT)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _webm(name: str) -> bytes:
    """Make a WebM without tracks: its header, and a segment that is void."""
    void = _element("ec", _noise(name, _VIDEO_SIZE))
    return bytes.fromhex(_WEBM_HEADER) + _element("18538067", void)


def _element(kind: str, data: bytes) -> bytes:
    return bytes.fromhex(kind) + struct.pack(">Q", 1 << 56 | len(data)) + data


def _mp4(name: str) -> bytes:
    """Make an MP4 without tracks: its type, and media data that nothing refers to."""
    boxes = ((b"ftyp", b"isom\0\0\2\0isommp42"), (b"mdat", _noise(name, _VIDEO_SIZE)))
    return b"".join(struct.pack(">I", 8 + len(data)) + kind + data for kind, data in boxes)


def _trace(name: str) -> bytes:
    """Pack the parts of a Playwright trace in which nothing happens."""
    first = {"version": 8, "type": "context-options", "browserName": "chromium", "title": name}
    parts = {
        "trace.trace": msgspec.json.encode(first) + b"\n",
        "trace.network": b"",
        "resources/page.jpeg": _noise(name),
    }
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for part, content in parts.items():
            archive.writestr(ZipInfo(part, _TRACE_DATE), content, ZIP_DEFLATED)
    return packed.getvalue()


def _attachment(name: str) -> bytes:
    return f"# Error context\n\n- File: {name}\n- Page: a button, and no invoice\n".encode()


def _log(name: str) -> bytes:
    """Write what a terminal shows, with its colours."""
    return f"Running {name}\n\x1b[31m  1 failed\x1b[39m\n".encode()


_KINDS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    ".log": ("text/plain", _log),
    ".md": ("text/markdown", _attachment),
    ".mp4": ("video/mp4", _mp4),
    ".png": ("image/png", _screenshot),
    ".webm": ("video/webm", _webm),
    ".zip": ("application/zip", _trace),
}
