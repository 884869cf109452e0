"""The base of all models: a frozen, tolerant Struct with the names of the wire."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NoReturn, Self, TypeGuard, cast

import msgspec

from currents_async._redaction import hide_signatures
from currents_async.models._brief import Brief, says_something

__all__ = ["Model", "OpenEnum", "OpenModel"]

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment, in UTC where the wire names no time zone: all of them can be compared."""

EXTRA_FIELD = "(extra)"
_EXTRA = b'"(extra)"'
_SECRET = "[secret]"  # noqa: S105 - it stands for one


class Model(Brief, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Base of all models: immutable, compared by value, in snake case where the wire is camel.

    Unknown fields of the wire are ignored, unless `extra` keeps them. A field that the wire leaves
    out or sends as null has its default: None, an empty tuple, or 0 for counters. So has one whose
    value makes no sense, such as an empty text for a date. What can only mean one thing is read so:
    integers with fractions are rounded, halves up; dates without a time zone are in UTC; a single
    text in place of a list is its only item. Nulls in arrays are left out. For each response, the
    logger `currents_async` says in one line, at level DEBUG, where that was done.
    """

    @property
    def extra(self) -> dict[str, Any]:
        """What the server sent beyond the fields of this model, as in the JSON, by their names.

        Only of models that `Currents(keep_extra=True)` has read, and of each `OpenModel`; of all
        others it is empty. They do not equal each other, and have no hash.
        """
        return {}

    # Subclasses repeat the options: msgspec inherits them, type checkers do not.
    # gc=False: models hold JSON values, which cannot form a cycle; skipping the collector's
    # bookkeeping takes a quarter off decoding and most of the pauses off keeping many of them.
    # Arrays are tuples for the same reason: the collector untracks those that hold no containers.

    def _fields(self) -> list[tuple[str, Any]]:
        # Tracebacks show models, and until it expires, a signed URL is enough to fetch an asset.
        return [(name, _without_signatures(value)) for name, value in super()._fields()]

    def to_dict(self, *, snake_case: bool = False) -> dict[str, Any]:
        """Return JSON-compatible built-in types, with the names of the wire, or of the fields.

        What the server sent beyond the fields is beside them, by the wire's names; with
        `snake_case` it is in `extra`, as in models.
        """
        plain: dict[str, Any] = (
            _by_fields(self) if snake_case else msgspec.json.decode(self.to_json())
        )
        return plain

    def to_json(self) -> bytes:
        """Return JSON text in UTF-8, with the names of the wire."""
        # `to_builtins` would keep tuples, which do not equal the lists of JSON.
        text = msgspec.json.encode(self)
        return text if _EXTRA not in text else msgspec.json.encode(_merged(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> dict[str, Any]:
        # By this, FastAPI responds with models, and models of pydantic have them as fields.
        to_json = {"type": "function-plain", "function": cls.to_dict}
        return {"type": "is-instance", "cls": cls, "serialization": to_json}

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: object) -> dict[str, Any]:
        # Here, since few clients are parts of such services.
        from currents_async.models._json_schema import schema_of  # noqa: PLC0415

        return schema_of(cls, EXTRA_FIELD)


class OpenModel(Model, frozen=True, gc=False, kw_only=True):
    """Base of models that are documented only in part: nothing that the server sends is lost."""

    extra: dict[str, Any] = msgspec.field(  # pyright: ignore[reportIncompatibleMethodOverride] - frozen
        default_factory=dict[str, Any], name=EXTRA_FIELD
    )
    """What the server sent beyond the fields of this model, as in the JSON, by the wire's names."""


class SecretModel(Model, frozen=True, gc=False, kw_only=True):
    """Base of models that contain a secret: its field has to be read on purpose.

    No `repr` shows it, and the model can neither be pickled nor be in a response of FastAPI;
    `to_dict` and `to_json` contain it.
    """

    _secrets: ClassVar[tuple[str, ...]]
    """The names of the fields."""

    def _fields(self) -> list[tuple[str, Any]]:
        return [(name, self._shown(name, value)) for name, value in super()._fields()]

    def _shown(self, name: str, value: Any) -> Any:
        if name == "extra":
            # What is new beside a secret is probably made from it, as the URL of a view of a share.
            return dict.fromkeys(value, _SECRET)
        return _SECRET if value is not None and name in self._secrets else value

    def _told(self) -> list[tuple[str, Any]]:
        # A secret that is missing says something too.
        return [
            (name, value)
            for name, value in self._fields()
            if name in self._secrets or says_something(value)
        ]

    def __reduce__(self) -> NoReturn:
        self._refuse("be pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> NoReturn:
        cls._refuse("be a field of pydantic, or a response of FastAPI")

    @classmethod
    def _refuse(cls, what: str) -> NoReturn:
        secrets = ", ".join(cls._secrets)
        raise TypeError(
            f"a {cls.__name__} cannot {what}, for it contains a secret: pass its {secrets} on if "
            "that is what you want"
        )

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self


def _merged(value: Any) -> Any:
    """Put what is extra beside the fields, where the wire had it, in nested models too.

    The values of what is extra stay as they are.
    """
    if _is_tuple(value):
        return [_merged(one) for one in value]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {name: _merged(one) if isinstance(one, Model) else one for name, one in items}
    if not isinstance(value, Model):
        return value
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    fields = {wired: _merged(getattr(value, name)) for wired, name in names}
    extra = fields.pop(EXTRA_FIELD, {})
    config = value.__struct_config__
    tag = {} if config.tag_field is None else {config.tag_field: config.tag}
    every = {**tag, **fields, **extra}
    return {name: one for name, one in every.items() if one is not msgspec.UNSET}


def _by_fields(value: Any) -> Any:
    """Return built-in types with the names of the fields, in nested models too."""
    if isinstance(value, Model):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: _by_fields(one) for name, one in fields.items() if one is not msgspec.UNSET}
    if _is_tuple(value):
        return [_by_fields(one) for one in value]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {name: _by_fields(one) for name, one in items}
    return msgspec.to_builtins(value)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _without_signatures(value: Any) -> Any:
    """Hide the signatures in texts, also inside built-in types; models hide theirs themselves."""
    match value:
        case OpenEnum():
            return value
        case str():
            return hide_signatures(value)
        case tuple() | list():
            several = [_without_signatures(one) for one in cast("Sequence[Any]", value)]
            return tuple(several) if isinstance(value, tuple) else several
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {name: _without_signatures(one) for name, one in items}
        case _:
            return value


class OpenEnum(StrEnum):
    """A str enum that also accepts synonyms of its values, and unknown values.

    The documents spell some values in two ways, and the service adds values without notice. A
    synonym becomes the member that it stands for; an unknown value becomes a new member, equal to
    its text.
    """

    _value_: str
    synonyms: tuple[str, ...]
    """Other spellings of the value."""

    def __new__(cls, value: str, *synonyms: str) -> Self:
        """Create a member from its value and the value's other spellings."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.synonyms = synonyms
        return member

    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[str]]:
        # Python 3.11.2 looks members up by their names, which unknown ones do not have.
        return type(self), (self._value_,)

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        for member in cls:
            if value in member.synonyms:
                return member
        # The __new__ of a complete enum looks values up, so build the str itself.
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        unknown.synonyms = ()
        return unknown
