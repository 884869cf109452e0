"""JSON out of a file, or out of stdin."""

import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import TypeVar

import msgspec

from currents_async.errors import InvalidArgumentError

T = TypeVar("T")


def read_json(source: str, kind: type[T]) -> T:
    """Read JSON as a type; `-` is stdin. Raises `InvalidArgumentError` for what is none."""
    text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    try:
        return msgspec.json.decode(text.removeprefix(BOM_UTF8), type=kind)
    except msgspec.DecodeError as error:
        raise InvalidArgumentError(f"{source}: {error}") from None
