"""Where an answer holds its one large array, and how to take it out and put it back."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from currents_async.errors import InvalidArgumentError

D = TypeVar("D")


class ArrayField(msgspec.Struct, frozen=True):
    """Where in the `data` of an answer the large array is; its names are the same on the wire."""

    path: tuple[str, ...]
    element: Any
    """The type of its elements."""

    def take(self, data: Any) -> list[Any]:
        """Return the elements in `data`."""
        for name in self.path:
            data = getattr(data, name, None)
        return [] if data is None else list(data)

    def put(self, data: D, elements: Sequence[Any]) -> D:
        """Return `data` with these elements instead of its own."""
        same = not elements and not self.take(data)
        return data if same else cast("D", _put(data, self.path, tuple(elements)))


def _put(data: Any, path: tuple[str, ...], elements: tuple[Any, ...]) -> Any:
    name, *rest = path
    inner = _put(getattr(data, name), tuple(rest), elements) if rest else elements
    return msgspec.structs.replace(data, **{name: inner})


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
    return msgspec.json.Decoder(list[element])


@lru_cache
def typed_with(returns: Any, array: ArrayField, element: Any) -> Any:
    """Return the type of `data` with another type of element in its array."""
    if element == array.element:
        return returns
    [name] = array.path
    no_elements: tuple[Any, ...] = ()
    return msgspec.defstruct(
        returns.__name__,
        [(name, tuple[element, ...], no_elements)],
        bases=(returns,),
        frozen=True,
        gc=False,
        kw_only=True,
    )
