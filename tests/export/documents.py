"""Whatever the API might send: JSON of the shape of a model, as odd as it decodes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from currents_async._wire.envelope import decode
from currents_async.models import Model, OpenEnum

Json = st.SearchStrategy[Any]
ModelT = TypeVar("ModelT", bound=Model)

SECRET = "Signature=s3cr3t"
BARE_URLS: dict[str, str | None] = {
    f"https://assets.example/a%20b.png?Expires=1&{SECRET}": "https://assets.example/a%20b.png",
    f"https://assets.example/a.webm#{SECRET}": "https://assets.example/a.webm",
    f"https://assets.example?{SECRET}": "https://assets.example",
    f"HTTPS://assets.example:8443/a?x=?#y&{SECRET}": "HTTPS://assets.example:8443/a",
    f"https://{SECRET}:x@assets.example/a.zip?b": None,
    f"https://assets.example\\{SECRET}": None,
    f"ftp://assets.example/{SECRET}": None,
    f"?{SECRET}": None,
    "http://127.0.0.1:1/zoë b@c.png": "http://127.0.0.1:1/zoë b@c.png",
    "https://": None,
    "": None,
}
"""What they are without what gives access; None where that cannot be said for sure."""
INTEGERS = st.integers(0, 9) | st.integers(-(1 << 70), 1 << 70) | st.just(10**400)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | INTEGERS
TEXTS = st.text(max_size=8)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=st.none() | st.just(UTC) | ZONES).map(datetime.isoformat)


def of_model(model: type[Model]) -> Json:
    """Make objects that decode as a model."""
    return _of(inspect.type_info(model))


def _of(info: inspect.Type) -> Json:
    match info:
        case inspect.StructType(fields=all_fields):
            # The other shapes that a model takes are tested with the model.
            fields = [field for field in all_fields if not field.name.startswith("_")]
            return st.fixed_dictionaries(
                {field.encode_name: _field(field) for field in fields if field.required},
                optional={
                    field.encode_name: _field(field) for field in fields if not field.required
                },
            )
        case inspect.UnionType(types=types):
            return st.one_of([_of(one) for one in types])
        case inspect.VarTupleType(item_type=item):
            return st.lists(_of(item), max_size=3)
        case inspect.EnumType(cls=cls) if issubclass(cls, OpenEnum):
            known = [text for member in cls for text in (member.value, *member.synonyms)]
            return st.sampled_from(known) | TEXTS
        case _:
            return _SCALARS[type(info)]


_SCALARS: dict[type[inspect.Type], Json] = {
    inspect.NoneType: st.none(),
    inspect.StrType: TEXTS,
    inspect.IntType: INTEGERS,
    inspect.FloatType: FLOATS,
    inspect.BoolType: st.booleans(),
    inspect.DateTimeType: MOMENTS,
    inspect.CustomType: st.none() | TEXTS,
}


def _field(field: inspect.Field) -> Json:
    if field.encode_name.lower().endswith("url"):
        return st.none() | st.sampled_from(sorted(BARE_URLS))
    return _of(field.type)


def decoded(document: object, model: type[ModelT]) -> ModelT:
    """Decode a document as if it had come from the API."""
    # msgspec reads integers of any size, and writes small ones only.
    return decode(json.dumps(document).encode(), msgspec.json.Decoder(model))
