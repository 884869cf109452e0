"""File names that are safe on every system, from names that the server sends."""

import re
from hashlib import sha256
from pathlib import Path
from unicodedata import category

_MAX_BYTES = 150
"""Bytes of UTF-8: most systems take 255, and a prefix may be added."""
_MAX_SUFFIX = 16
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE
)
"""Names of devices on Windows, with or without a suffix."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)


def safe_name(name: str) -> str:
    """Return a name for a file in a directory: not hidden, and not too long.

    Path separators, control and format characters and those that Windows forbids become `_`.
    """
    name = "".join("_" if _is_forbidden(character) else character for character in name)
    name = _cut(name.lstrip(".- ")).rstrip(". ")
    if not name:
        return "asset"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def safe_id(some_id: str) -> str:
    """Return a name for a directory, which differs for different IDs."""
    if _ID.fullmatch(some_id) and not _RESERVED.fullmatch(some_id):
        return some_id
    return f"{safe_name(some_id)[:40]}-{sha256(some_id.encode(errors='replace')).hexdigest()[:16]}"


def labelled(label: str | None, url_name: str) -> str:
    """Return a file name from a label and the suffix of the URL, or from the URL alone."""
    if not label:
        return safe_name(url_name)
    suffix = Path(safe_name(url_name)).suffix
    if len(suffix) > _MAX_SUFFIX or label.lower().endswith(suffix.lower()):
        suffix = ""
    return safe_name(label + suffix)


def _is_forbidden(character: str) -> bool:
    # Categories C…: control, format, surrogates, private and unassigned ones.
    return character in _FORBIDDEN or category(character).startswith("C")


def _cut(name: str) -> str:
    """Shorten a name, but not its suffix."""
    if len(name.encode()) <= _MAX_BYTES:
        return name
    suffix = Path(name).suffix
    suffix = suffix if len(suffix.encode()) <= _MAX_SUFFIX else ""
    stem = name.removesuffix(suffix).encode()[: _MAX_BYTES - len(suffix.encode())]
    return stem.decode(errors="ignore") + suffix
