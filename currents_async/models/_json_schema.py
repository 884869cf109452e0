"""JSON schemas of models: what FastAPI says in its documentation that a service responds with."""

import builtins
import types
import typing
from datetime import date, datetime
from enum import Enum
from inspect import getdoc
from typing import Any, get_args, get_origin

import msgspec

_PLAIN: dict[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    type(None): {"type": "null"},
}
_NOTHING = (..., msgspec.UnsetType)
"""Arguments of types that say nothing of JSON."""


def schema_of(model: type[msgspec.Struct], hidden: str, *above: type) -> dict[str, Any]:
    """Return the schema of the JSON of a model, with those of the models in it, in their places.

    The field that is `hidden` has no name there. A model inside itself is any object.
    """
    described = {"type": "object", "title": model.__name__}
    if model in above:
        return described
    fields = {
        field.encode_name: _schema(field.type, hidden, *above, model)
        for field in msgspec.structs.fields(model)
        if field.encode_name != hidden
    }
    text = (getdoc(model) or "").partition("\n\n")[0]
    return {**described, "description": text, "properties": fields}


def _schema(kind: Any, hidden: str, *above: type) -> dict[str, Any]:
    inside = [_schema(one, hidden, *above) for one in get_args(kind) if one not in _NOTHING]
    match get_origin(kind) or kind:
        case typing.Annotated:
            return inside[0]
        case typing.Union | types.UnionType:
            return {"anyOf": inside}
        case builtins.tuple | builtins.list:
            return {"type": "array", "items": inside[0]}
        case builtins.dict:
            return {"type": "object", "additionalProperties": inside[1]}
        case typing.Literal:
            return {"enum": [*get_args(kind)]}
        case _:
            return _plain(kind, hidden, *above)


def _plain(kind: Any, hidden: str, *above: type) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return schema_of(kind, hidden, *above)
    if isinstance(kind, type) and issubclass(kind, Enum):
        # The service adds words without notice.
        return {"type": "string", "title": kind.__name__, "examples": [one.value for one in kind]}
    return _PLAIN.get(kind, {})
