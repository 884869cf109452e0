"""A response as built-in types: its arrays, and what it says beyond the models.

The latter is kept where the API's documents give no schema.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeGuard, TypeVar, get_args, get_origin

import msgspec

from currents_async.models._instance_tests import join_documents
from currents_async.models._model import EXTRA_FIELD
from currents_async.models.instances import Instance

T = TypeVar("T")


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def take_at(document: Any, path: tuple[str, ...], kind: type[T]) -> T:
    """Take an array or an object out of a document; an empty one when there is none."""
    holder = _holder(document, path)
    values = None if holder is None else holder.get(path[-1])
    if holder is None or not isinstance(values, kind):
        return kind()
    holder[path[-1]] = kind()
    return values


def put_at(document: Any, path: tuple[str, ...], values: Any) -> None:
    """Put elements where `take_at` took them from."""
    holder = _holder(document, path)
    if holder is not None:
        holder[path[-1]] = values


def _holder(document: Any, path: tuple[str, ...]) -> dict[str, Any] | None:
    for name in path[:-1]:
        document = document.get(name) if is_object(document) else None
    return document if is_object(document) else None


@cache
def keeps_extra(kind: Any) -> bool:
    """Return whether a type contains a model that keeps what it does not know, at any depth."""
    known, new = set[Any](), [kind]
    while new:
        one = new.pop()
        if one in known:  # a type may hold itself
            continue
        known.add(one)
        plain = get_origin(one) or one
        new += get_args(one)
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            fields = msgspec.structs.fields(one)
            if any(field.encode_name == EXTRA_FIELD for field in fields):
                return True
            new += [field.type for field in fields]
    return False


def fill_extra(model: Any, wire: Any) -> None:
    """Put into each model that keeps them the fields on the wire that it lacks, at any depth.

    `wire` is the same JSON as built-in types.
    """
    if _is_array(model) and _is_array(wire):
        for one, wired in zip(model, wire, strict=True):
            fill_extra(one, wired)
    elif is_object(model) and is_object(wire):
        for name, one in model.items():
            fill_extra(one, wire.get(name))
    elif isinstance(model, msgspec.Struct) and is_object(wire):
        _fill_struct(model, wire)


def _fill_struct(model: msgspec.Struct, wire: dict[str, Any]) -> None:
    if isinstance(model, Instance):
        wire = join_documents(wire)
    names = _names_of(type(model))
    for encoded, name in names.items():
        fill_extra(getattr(model, name), wire.get(encoded))
    if EXTRA_FIELD in names:
        extra = {key: value for key, value in wire.items() if key not in names}
        msgspec.structs.force_setattr(model, "extra", extra)


@cache
def _names_of(kind: type[msgspec.Struct]) -> dict[str, str]:
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


def _is_array(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, tuple | list)
