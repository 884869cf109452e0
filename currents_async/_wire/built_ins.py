"""JSON as built-in types: the kinds of its values, and arrays inside it."""

from collections.abc import Sequence
from typing import Any, TypeGuard


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is an object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a value is an array."""
    return isinstance(value, list)


def take_at(document: Any, path: tuple[str, ...]) -> list[Any]:
    """Take the elements of an array out of a document; none when there is no array."""
    holder = _holder(document, path)
    values = None if holder is None else holder.get(path[-1])
    if holder is None or not is_array(values):
        return []
    holder[path[-1]] = []
    return values


def put_at(document: Any, path: tuple[str, ...], values: Sequence[Any]) -> None:
    """Put elements where `take_at` took them from."""
    holder = _holder(document, path)
    if holder is not None:
        holder[path[-1]] = values


def _holder(document: Any, path: tuple[str, ...]) -> dict[str, Any] | None:
    for name in path[:-1]:
        document = document.get(name) if is_object(document) else None
    return document if is_object(document) else None
