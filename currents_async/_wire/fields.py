"""The fields of JSON bodies."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from msgspec import UNSET, UnsetType

from currents_async.errors import InvalidArgumentError

T = TypeVar("T")


class Fields:
    """Builds a JSON object in the order of the calls, without the fields that are UNSET.

    `name` is the argument's, and `wire` the name that is sent where it is another one. `encode`
    gets the name and the value, and raises `InvalidArgumentError` for what cannot be sent.
    """

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        """What has been built."""

    def put(
        self,
        name: str,
        value: T | UnsetType,
        encode: Callable[[str, T], object],
        *,
        wire: str | None = None,
    ) -> Self:
        if value is not UNSET:
            self.body[wire or name] = encode(name, value)
        return self

    def put_or_null(
        self,
        name: str,
        value: T | UnsetType | None,
        encode: Callable[[str, T], object],
        *,
        wire: str | None = None,
    ) -> Self:
        """Add a field that may be null."""
        if value is None:
            self.body[wire or name] = None
            return self
        return self.put(name, value, encode, wire=wire)


def given(value: T | None) -> T | UnsetType:
    """Return what to `put` for an argument that is left out by None."""
    return UNSET if value is None else value


def check_changes(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an update, or raise `InvalidArgumentError` when nothing is in it."""
    if not body:
        raise InvalidArgumentError("there is nothing to change: pass at least one field")
    return body
