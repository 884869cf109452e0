"""What to print of an item: dotted paths, in the names of the wire or of the models."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model

_EXTRA = "(extra)"
"""The field of open models that is on the wire beside the others."""


class Field(NamedTuple):
    """A field of items, or of objects inside them."""

    name: str
    """As it was asked for."""
    path: tuple[str, ...]
    """In the wire's names."""
    kind: inspect.Type
    but: frozenset[str] = frozenset()
    """What is left out of its value: of all that is extra, the fields that are beside it."""

    def find(self, item: Any) -> Any:
        """Return its value in an item as JSON has it; None where it is not there."""
        value = _find(item, self.path)
        return _without(value, self.but) if self.but else value


def fields_of(model: type[Model], text: str | None = None) -> list[Field]:
    """Return the fields that a text as in `--fields` names, or else all, by the wire's names.

    Raises `InvalidArgumentError` for a name that the model does not have. In a list, a number
    selects an item, and any other name is a field of all items. What the server sends beyond the
    model is `extra`, and under it.
    """
    root = inspect.type_info(model)
    names = _names_in(root) if text is None else [name.strip() for name in text.split(",")]
    if not all(names):
        raise InvalidArgumentError(f"--fields must be names separated by commas, not {text!r}")
    return [_field(root, name) for name in names]


def leaves_of(fields: Sequence[Field]) -> list[Field]:
    """Return the fields of objects in place of the objects, with dots in their names."""
    return [leaf for field in fields for leaf in _leaves(field)]


def _leaves(field: Field, *above: type) -> Iterator[Field]:
    match [one for one in alternatives(field.kind) if not isinstance(one, inspect.NoneType)]:
        case [inspect.StructType(cls=cls, fields=inner)] if cls not in above:
            for one in inner:
                if (name := one.encode_name) != _EXTRA:
                    leaf = Field(f"{field.name}.{name}", (*field.path, name), one.type)
                    yield from _leaves(leaf, *above, cls)
        case _:
            yield field


def _field(root: inspect.Type, name: str) -> Field:
    kind, path, beside = root, list[str](), list[str]()
    steps = name.split(".")
    for index, step in enumerate(steps):
        inner = _step(kind, step)
        if inner is None:
            where = ".".join(steps[:index])
            known = _names_in(kind)
            raise InvalidArgumentError(
                f"--fields: {where or 'an item'} has no field {step!r}{_near(step, known)}; "
                f"it has {', '.join(known) or 'no fields'}"
            )
        beside = _names_in(kind) if inner[0] == _EXTRA else []
        wire, kind = inner
        if wire != _EXTRA:
            path.append(wire)
    return Field(name, tuple(path), kind, frozenset(beside))


def _step(kind: inspect.Type, step: str) -> tuple[str, inspect.Type] | None:
    """Return the wire's name and the type of what a type has by a name."""
    for one in alternatives(kind):
        match one:
            case inspect.StructType(fields=fields):
                for field in fields:
                    if step in {field.name, field.encode_name}:
                        return field.encode_name, field.type
            case inspect.DictType(value_type=inner):
                return step, inner
            case inspect.AnyType():
                return step, one
            case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                inside = (step, item) if step.isdecimal() else _step(item, step)
                if inside is not None:
                    return inside if step.isdecimal() else (inside[0], inspect.ListType(inside[1]))
            case inspect.CustomType(cls=cls) if cls is object:
                return step, inspect.AnyType()
            case _:
                pass
    return None


def _near(step: str, known: Sequence[str]) -> str:
    """Return a question for a name that differs by little, or by its case."""
    by_case = {name.casefold(): name for name in known}
    near = get_close_matches(step.casefold(), by_case, n=1)
    return f" (did you mean {by_case[near[0]]}?)" if near else ""


def _names_in(kind: inspect.Type) -> list[str]:
    for one in alternatives(kind):
        match one:
            case inspect.StructType(fields=fields):
                return [field.encode_name for field in fields if field.encode_name != _EXTRA]
            case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                return _names_in(item)
            case _:
                pass
    return []


def alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the members of a union, or else the type itself."""
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _find(value: Any, path: tuple[str, ...]) -> Any:
    for index, step in enumerate(path):
        match value:
            case [*items] if step.isdecimal():
                value = items[int(step)] if int(step) < len(items) else None
            case [*items]:
                return [_find(one, path[index:]) for one in items]
            case {**members}:
                value = members.get(step)
            case _:
                return None
    return value


def _without(value: Any, names: frozenset[str]) -> Any:
    match value:
        case {**members}:
            return {name: one for name, one in members.items() if name not in names}
        case [*items]:
            return [_without(one, names) for one in items]
        case _:
            return value


def as_text(value: Any) -> str:
    """Write a value down: texts as they are, all others as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
