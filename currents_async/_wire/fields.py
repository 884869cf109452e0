"""The fields of JSON bodies: what of them is sent, and what text may be in them."""

import re
from collections.abc import Callable
from typing import Any, Self, TypeVar

from msgspec import UNSET, UnsetType

from currents_async.errors import InvalidArgumentError

T = TypeVar("T")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Fields:
    """Builds a JSON object in the order of the calls, each field encoded by a function.

    That function checks its argument, and raises `InvalidArgumentError`.
    """

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        """What has been built."""

    def put(self, wire: str, value: T | UnsetType, encode: Callable[[T], object]) -> Self:
        """Add a field, unless it is UNSET."""
        if value is not UNSET:
            self.body[wire] = encode(value)
        return self

    def put_or_null(
        self, wire: str, value: T | UnsetType | None, encode: Callable[[T], object]
    ) -> Self:
        """Add a field that may be null, unless it is UNSET."""
        if value is None:
            self.body[wire] = None
            return self
        return self.put(wire, value, encode)


def given(value: T | None) -> T | UnsetType:
    """Return what to `put` for an argument that is left out by None."""
    return UNSET if value is None else value


def check_changes(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an update, or raise `InvalidArgumentError` when nothing is in it."""
    if not body:
        raise InvalidArgumentError("there is nothing to change: pass at least one field")
    return body


def check_prose(name: str, value: str, *, longest: int | None = None) -> str:
    """Return text of any number of lines, or raise `InvalidArgumentError`."""
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} must be a str, not {type(value).__name__}")
    if _LONE_SURROGATE.search(value):
        raise InvalidArgumentError(f"{name} must not contain lone surrogates: {value!r}")
    if longest is not None and len(value) > longest:
        raise InvalidArgumentError(f"{name} must have at most {longest} characters")
    return value
