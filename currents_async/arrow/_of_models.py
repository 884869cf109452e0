"""The columns of models: which type each field has, and arrays of its values.

A field that is a model becomes a struct, a list a list, and what has no type of its own, such as a
dict or a union, is JSON. Arrays are made column by column, without an object for each value.
"""

import json
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, chain
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import pyarrow as pa
from msgspec import inspect

from currents_async._redaction import hide_signatures
from currents_async.arrow._kinds import DAY, FLAG, FRACTION, MOMENT, TEXT, WHOLE, Kind
from currents_async.models._model import Model


class _Json(Kind):
    """Texts as they are, and all others as JSON."""

    def _convert(self, values: Sequence[Any]) -> Any:
        return TEXT.array([_as_text(one) for one in values])


class _Unsigned(_Json):
    """Without the signatures of URLs, with which anybody can fetch an asset."""

    def _convert(self, values: Sequence[Any]) -> Any:
        texts = map(_as_text, values)
        return TEXT.array([None if text is None else hide_signatures(text) for text in texts])


class _Lists(Kind):
    def __init__(self, item: Kind) -> None:
        super().__init__(pa.list_(pa.field("element", item.arrow)))
        self._item = item

    def _convert(self, values: Sequence[Any]) -> Any:
        ends = accumulate((0 if one is None else len(one) for one in values), initial=0)
        items = self._item.array(list(chain.from_iterable(one or () for one in values)))
        return pa.ListArray.from_arrays(
            pa.array(ends, pa.int32()), items, type=self.arrow, mask=_are_missing(values)
        )


class _Structs(Kind):
    def __init__(self, fields: dict[str, Kind]) -> None:
        super().__init__(pa.struct([pa.field(name, kind.arrow) for name, kind in fields.items()]))
        self._fields = fields

    def _convert(self, values: Sequence[Any]) -> Any:
        arrays = [
            kind.array([None if one is None else getattr(one, name, None) for one in values])
            for name, kind in self._fields.items()
        ]
        return pa.StructArray.from_arrays(
            arrays, fields=list(self.arrow), mask=_are_missing(values)
        )


def _mend_json(value: Any) -> str:
    """Escape lone surrogates, which cannot be encoded as UTF-8."""
    return value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value))


JSON = _Json(pa.string(), _mend_json)
_UNSIGNED = _Unsigned(pa.string(), _mend_json)
_UNIONS = (Union, UnionType)
_TEXTS = (inspect.StrType, inspect.EnumType, inspect.LiteralType)
_SIMPLE: dict[tuple[type, ...], Kind] = {
    (inspect.BoolType,): FLAG,
    (inspect.IntType,): WHOLE,
    (inspect.FloatType,): FRACTION,
    (inspect.IntType, inspect.FloatType): FRACTION,
    (inspect.DateTimeType,): MOMENT,
    (inspect.DateType,): DAY,
}


def table_of(models: Sequence[Model], model: type[Model]) -> pa.Table:
    """Return a table with a row for each model."""
    table = pa.Table.from_struct_array(_row(model).array(models))
    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()  # one level at a time, with dots in the names
    return table


@cache
def _row(model: type[Model]) -> Kind:
    return _struct((model,), frozenset())


def kind_in_json(info: inspect.Type) -> Kind:
    """Return the type of what JSON has for a field: all but single values and texts are JSON."""
    match _present(info):
        case [inspect.VarTupleType(item_type=item)] if _simple_kind(item) is TEXT:
            return _Lists(TEXT)
        case _:
            return _simple_kind(info) or JSON


def _present(info: inspect.Type) -> list[inspect.Type]:
    members = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [one for one in members if not isinstance(one, inspect.NoneType)]


def _simple_kind(info: inspect.Type) -> Kind | None:
    """Return the type of a field that holds single values; None for objects and lists."""
    kinds = tuple(map(type, _present(info)))
    if kinds and all(issubclass(one, _TEXTS) for one in kinds):
        return TEXT
    return _SIMPLE.get(kinds)


def _kind(annotation: Any, outer: frozenset[type]) -> Kind:
    # Not by `inspect` as a whole: it refuses unions of models that nothing tells apart on the wire.
    members = get_args(annotation) if get_origin(annotation) in _UNIONS else (annotation,)
    models = tuple(one for one in members if one is not NoneType)
    if all(isinstance(one, type) and issubclass(one, msgspec.Struct) for one in models):
        # What contains itself has no end as a struct.
        return _UNSIGNED if outer.intersection(models) else _struct(models, outer)
    if get_origin(models[0]) in {tuple, list} and len(models) == 1:
        return _Lists(_kind(get_args(models[0])[0], outer))
    return _simple_kind(inspect.type_info(annotation)) or _UNSIGNED


def _struct(models: tuple[type[msgspec.Struct], ...], outer: frozenset[type]) -> Kind:
    """Return a struct with the fields of a model, or of all that may be in its place."""
    fields: dict[str, Kind] = {}
    for model in models:
        # A secret is read on purpose, and what is new beside it is probably made from it.
        secrets: tuple[str, ...] = getattr(model, "_secrets", ())
        hidden = ("extra", *secrets) if secrets else ()
        for field in msgspec.structs.fields(model):
            if field.name not in hidden:
                fields.setdefault(field.name, _field(field, outer.union(models)))
    return _Structs(fields)


def _field(field: msgspec.structs.FieldInfo, outer: frozenset[type]) -> Kind:
    kind = _kind(field.type, outer)
    return _UNSIGNED if kind is TEXT and field.name.endswith("url") else kind


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _are_missing(values: Sequence[Any]) -> Any:
    return pa.array([one is None for one in values], pa.bool_())
