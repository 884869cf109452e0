"""Models that keep the fields that they do not know, made for the clients that ask for it.

They are subclasses, so that all other models pay nothing for it.
"""

import inspect
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from currents_async.models._model import EXTRA_FIELD, Model, OpenModel, SecretModel
from currents_async.models.pages import NumberedPage

_OPENED: dict[Any, Any] = {}


def opened(kind: Any) -> Any:
    """Return a type whose models keep in `extra` what they do not know, at any depth."""
    if kind not in _OPENED:
        _OPENED[kind] = _opened(kind)
    return _OPENED[kind]


def _opened(kind: Any) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return Union[tuple(opened(one) for one in args)]  # noqa: UP007 - of a tuple
    if args and origin not in {Annotated, Literal}:
        return origin[tuple(opened(one) for one in args)]
    if inspect.isclass(kind) and issubclass(kind, Model | NumberedPage):
        return _opened_struct(kind)
    result: Any = kind
    return result


def _opened_struct(kind: Any) -> Any:
    fields = msgspec.structs.fields(kind)
    redefined = [(field.name, field.type, _same(field)) for field in fields]
    if issubclass(kind, Model) and not issubclass(kind, OpenModel):
        extra = msgspec.field(default_factory=dict[str, Any], name=EXTRA_FIELD)
        redefined.append(("extra", dict[str, Any], extra))
    made: Any = msgspec.defstruct(
        kind.__name__,
        redefined,
        bases=(kind,),
        module=kind.__module__,
        namespace={
            "__doc__": kind.__doc__,
            "__closed__": kind,
            "__reduce__": kind.__reduce__ if issubclass(kind, SecretModel) else _reduce,
        },
        frozen=True,
        gc=False,
        kw_only=True,
    )
    _OPENED[kind] = made
    for field in fields:  # only now: a type may hold itself
        made.__annotations__[field.name] = opened(field.type)
    return made


def _same(field: msgspec.structs.FieldInfo) -> Any:
    options: dict[str, Any] = {
        "default": field.default,
        "default_factory": field.default_factory,
        "name": field.encode_name,
    }
    return msgspec.field(**options)


def _reduce(model: Any) -> tuple[Any, ...]:
    """Pickle a model by the class that can be imported."""
    fields = {name: getattr(model, name) for name in model.__struct_fields__}
    return _restored, (model.__closed__, fields)


def _restored(kind: Any, fields: dict[str, Any]) -> Any:
    return opened(kind)(**fields)
