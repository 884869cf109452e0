"""Where a response holds its one large array, and how to take it out and put it back."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, get_args

import msgspec

from currents_async.errors import InvalidArgumentError


class ArrayField(msgspec.Struct, frozen=True):
    """Where in the `data` of a response the large array is; its names are the same on the wire."""

    path: tuple[str, ...]
    element: Any
    """The type of its elements."""

    def type_of_data(self, returns: Any, element: Any) -> Any:
        """Return the type of `data` in between, with this type of element in its array."""
        return typed_with(returns, self.path, tuple[element, ...])

    def take(self, data: Any) -> list[Any]:
        for name in self.path:
            data = getattr(data, name, None)
        return [] if data is None else list(data)

    def put(self, data: Any, elements: Sequence[Any]) -> Any:
        """Return `data`, of a type in between or not, as its own type with these elements."""
        return _put(data, self.path, tuple(elements))


def _put(data: Any, path: tuple[str, ...], elements: tuple[Any, ...]) -> Any:
    if data is None:
        return None
    name, *rest = path
    inner = _put(getattr(data, name), tuple(rest), elements) if rest else elements
    fields = {field: getattr(data, field) for field in data.__struct_fields__}
    own_type: Any = getattr(data, "__own_type__", data.__class__)
    return own_type(**{**fields, name: inner})


def check_element(name: str, element: Any) -> Any:
    """Return a type that elements can be decoded into, or raise `InvalidArgumentError`."""
    if not (isinstance(element, type) and issubclass(element, msgspec.Struct)):
        raise InvalidArgumentError(f"{name} must be a msgspec.Struct, not {element!r}")
    try:
        list_decoder(element)
    except TypeError as error:
        raise InvalidArgumentError(f"{name} cannot be decoded into: {error}") from error
    return element


@lru_cache
def list_decoder(element: Any) -> msgspec.json.Decoder[Any]:
    """Make a decoder for several elements at once."""
    elements: Any = list[element]  # a value, not the spelling of a type, to pyright
    return msgspec.json.Decoder(elements)


@lru_cache
def typed_with(returns: Any, path: tuple[str, ...], kind: Any) -> Any:
    """Return a type of `data` in between, with another type for what stands at a path.

    What its own type does once it is complete, it leaves until `ArrayField.put`.
    """
    name, *rest = path
    absent: Any = msgspec.Raw(b"") if kind is msgspec.Raw else ()
    if rest:
        kind, absent = typed_with(_struct_at(returns, name), tuple(rest), kind) | None, None
    return msgspec.defstruct(
        returns.__name__,
        [(name, kind, absent)],
        bases=(returns,),
        namespace={"__own_type__": returns, "__post_init__": _not_yet},
        frozen=True,
        gc=False,
        kw_only=True,
    )


def _not_yet(data: Any) -> None:
    """Do nothing: not all elements are there."""


def _struct_at(returns: Any, name: str) -> Any:
    [field] = [field for field in msgspec.structs.fields(returns) if field.name == name]
    [struct] = [kind for kind in get_args(field.type) if kind is not type(None)]
    return struct
