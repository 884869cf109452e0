"""Where a response holds many elements, and how they are taken out and put back."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec

from currents_async.errors import InvalidArgumentError


class ArrayField(msgspec.Struct, frozen=True):
    """Where in the `data` of a response many elements are: an array, or an object by ID."""

    path: tuple[str, ...]
    """The names of the fields of the models."""
    element: Any
    """The type of its elements."""
    keyed: bool = False
    """Whether it is an object, whose values are the elements."""

    @property
    def collection(self) -> Any:
        """The type of several elements at once."""
        element: Any = self.element  # a value, not the spelling of a type, to type checkers
        return dict[str, element] if self.keyed else list[element]

    def take(self, data: Any) -> list[Any]:
        """Return the elements of an array."""
        for name in self.path:
            data = getattr(data, name, None)
        return [] if data is None else list(data)

    def put(self, data: Any, elements: Iterable[Any]) -> Any:
        """Return `data`, of a type in between or not, as its own type with these elements."""
        return _put(data, {self.path: tuple(elements)})


Path = tuple[str, ...]


@lru_cache
def on_the_wire(returns: Any, path: Path) -> Path:
    """Return the names that lead to a field in the JSON of a type."""
    name, *rest = path
    field = _field_of(returns, name)
    inner = on_the_wire(_struct_in(field.type), tuple(rest)) if rest else ()
    return (field.encode_name, *inner)


def _put(data: Any, values: Mapping[Path, Any]) -> Any:
    return None if data is None else own_type(data)(**fields_with(data, values))


def own_type(data: Any) -> Any:
    """Return the type of a model for which another stands in between."""
    return getattr(data, "__own_type__", data.__class__)


def fields_with(data: Any, values: Mapping[Path, Any]) -> dict[str, Any]:
    """Return the fields of `data`, of a type in between or not, with other values at some paths."""
    fields = {name: getattr(data, name) for name in data.__struct_fields__}
    for name, inner in by_name(values).items():
        fields[name] = inner[()] if () in inner else _put(fields[name], inner)
    return fields


def by_name(values: Mapping[Path, Any]) -> dict[str, dict[Path, Any]]:
    """Group what stands at paths by the first name."""
    found: dict[str, dict[Path, Any]] = {}
    for (name, *rest), value in values.items():
        found.setdefault(name, {})[tuple(rest)] = value
    return found


def check_element(name: str, element: Any) -> Any:
    """Return a type that elements can be decoded into, or raise `InvalidArgumentError`."""
    if not (isinstance(element, type) and issubclass(element, msgspec.Struct)):
        raise InvalidArgumentError(f"{name} must be a msgspec.Struct, not {element!r}")
    try:
        decoder_of(ArrayField((), element).collection)
    except TypeError as error:
        raise InvalidArgumentError(f"{name} cannot be decoded into: {error}") from error
    return element


@lru_cache
def decoder_of(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a type."""
    return msgspec.json.Decoder(kind)


def typed_with(returns: Any, kinds: Mapping[Path, Any]) -> Any:
    """Return a type of `data` in between, with other types for what stands at some paths.

    What its own type does once it is complete, it leaves until the elements are put into it.
    """
    return _typed_with(returns, tuple(kinds.items()))


@lru_cache
def _typed_with(returns: Any, kinds: tuple[tuple[Path, Any], ...]) -> Any:
    redefined: list[tuple[str, Any, Any]] = []
    for name, inner in by_name(dict(kinds)).items():
        field = _field_of(returns, name)
        kind = inner[()] if () in inner else typed_with(_struct_in(field.type), inner) | None
        redefined.append((name, kind, msgspec.field(default=field.default, name=field.encode_name)))
    return msgspec.defstruct(
        returns.__name__,
        redefined,
        bases=(returns,),
        namespace={"__own_type__": returns, "__post_init__": _not_yet},
        frozen=True,
        gc=False,
        kw_only=True,
    )


def _not_yet(data: Any) -> None:
    """Do nothing: not all elements are there."""


def _field_of(struct: Any, name: str) -> msgspec.structs.FieldInfo:
    """Return what a model says about a field."""
    [field] = [field for field in msgspec.structs.fields(struct) if field.name == name]
    return field


def _struct_in(kind: Any) -> Any:
    """Return the model of an optional field."""
    structs = [one for one in get_args(kind) if one is not type(None)]
    return structs[0] if structs else kind


def value_at(data: Any, path: Path, default: Any) -> Any:
    """Return what a model has at a path."""
    for name in path:
        data = getattr(data, name, default)
    return data
