"""Values that do not fit the types of a model, mended one by one.

A JavaScript server writes a null, a fraction, an empty text, or one text instead of several, and a
person still understands it: such a detail must not make the document unreadable. The JSON, as
built-in types, is walked through once together with the type that it is to become. What can mean
only one thing becomes that, anything else is left out, and its place is noted.
"""

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from currents_async._wire.built_ins import is_array, is_object
from currents_async._wire.notes import Notes
from currents_async.models._model import OpenEnum, Timestamp

_ABSENT = msgspec.UNSET
_TOO_LARGE = 2.0**63
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)

Mender = Callable[[Any, Notes], Any]
"""Return a value that fits its type, or `_ABSENT` if none does; note what does not fit."""


def mend(value: Any, kind: Any, notes: Notes) -> Any:
    """Return JSON, as built-in types, such that `msgspec.convert` can make the type of it.

    `convert` still refuses what lacks a required field, or has another shape altogether.
    """
    mended = _mender(kind)(value, notes)
    return value if mended is _ABSENT else mended


def mend_elements(values: Sequence[Any], kind: Any, notes: Notes, *, start: int = 0) -> list[Any]:
    """Mend the elements of an array, of which the first has the index `start`.

    Nulls, and what cannot become an element, are left out.
    """
    mender = _mender(kind)
    mended: list[Any] = []
    for index, value in enumerate(values, start):
        since = notes.bent
        element = mender(value, notes)
        if element is not _ABSENT:
            mended.append(element)
        elif value is not None:
            notes.lost += 1
        if notes.bent > since:
            notes.put_under(f"[{index}]", since)
    return mended


@cache
def _mender(kind: Any) -> Mender:
    origin, args = get_origin(kind), get_args(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if origin is Annotated:
        return _Checked(kind, _mender(args[0]))
    if origin in {Union, UnionType}:
        return _OneOf(args)
    plain = origin or kind
    return _mender_of_class(kind, plain, args) if isinstance(plain, type) else _Checked(kind)


def _mender_of_class(kind: Any, plain: type, args: tuple[Any, ...]) -> Mender:
    if issubclass(plain, msgspec.Struct):
        return _Fields(kind)
    if plain in {dict, Mapping}:
        return _Values(args[1] if args else Any)
    if plain in {list, set, frozenset, Sequence} or (plain is tuple and args[1:] in {(), (...,)}):
        return _Elements(args[0] if args else Any)
    if issubclass(plain, OpenEnum):
        return _word
    is_value = issubclass(plain, Enum) or plain.__module__ in _VALUES
    return _Checked(kind) if is_value else _without_nulls


_VALUES = {"builtins", "datetime", "decimal", "uuid"}
"""Modules whose types are single values; types of other modules may have fields."""


class _Fields:
    """A Struct: its fields are mended, all others stay."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._menders: dict[str, Mender] | None = None
        self._required: frozenset[str] = frozenset()

    def __call__(self, value: Any, notes: Notes) -> Any:
        if not is_object(value):
            return _only_one(value, self, notes, "no object")
        if self._menders is None:  # not earlier: a type may hold itself
            fields = msgspec.structs.fields(self._kind)
            self._menders = {field.encode_name: _mender(field.type) for field in fields}
            self._required = frozenset(field.encode_name for field in fields if field.required)
        mended = dict(value)
        for name, mender in self._menders.items():
            if name in mended:
                _mend_field(mended, name, mender, notes, f".{name}")
                if name in self._required and value[name] is not None:
                    mended.setdefault(name, value[name])  # for the error to say what is wrong
        return mended


class _Values:
    """An object whose keys are data."""

    def __init__(self, kind: Any) -> None:
        self._mender = _mender(kind)

    def __call__(self, value: Any, notes: Notes) -> Any:
        if not is_object(value):
            return _unfit("no object", value, notes)
        mended = dict(value)
        for name in [*mended]:
            _mend_field(mended, name, self._mender, notes, ".*")
        return mended


def _mend_field(fields: dict[str, Any], name: str, mender: Mender, notes: Notes, step: str) -> None:
    since = notes.bent
    value = fields[name] = mender(fields[name], notes)
    if value is _ABSENT:
        del fields[name]
    if notes.bent > since:
        notes.put_under(step, since)


class _Elements:
    """An array; a single text stands for an array of one."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def __call__(self, value: Any, notes: Notes) -> Any:
        if is_array(value):
            return mend_elements(value, self._kind, notes)
        element = _mender(self._kind)(value, Notes()) if isinstance(value, str) else _ABSENT
        if not value or element is _ABSENT:
            return _unfit("no array", value, notes)
        notes.note("a text instead of an array")
        return [element]


class _OneOf:
    """A union: the member that the value fits, else the first that it can be mended to."""

    def __init__(self, kinds: Sequence[Any]) -> None:
        self._takes_null = NoneType in kinds
        self._menders = [
            _mender(kind) for kind in kinds if kind not in {NoneType, msgspec.UnsetType}
        ]

    def __call__(self, value: Any, notes: Notes) -> Any:
        if value is None and self._takes_null:
            return None
        if len(self._menders) == 1:
            return self._menders[0](value, notes)
        tries = [(Notes(), mender) for mender in self._menders]
        results = [(mender(value, tried), tried) for tried, mender in tries]
        possible = [result for result in results if result[0] is not _ABSENT] or results
        mended, tried = min(possible, key=lambda result: result[1].bent)
        notes.take(tried)
        return mended


class _Checked:
    """Any other type: whatever msgspec accepts for it."""

    def __init__(self, kind: Any, mender: Mender | None = None) -> None:
        self._kind = kind
        self._mender = mender or _as_it_is

    def __call__(self, value: Any, notes: Notes) -> Any:
        mended = self._mender(value, notes)
        if mended is _ABSENT:
            return _ABSENT
        try:
            msgspec.convert(mended, self._kind)
        except msgspec.ValidationError:
            return _unfit("not what it can be", value, notes)
        return mended


def _text(value: Any, notes: Notes) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _TOO_LARGE:
        notes.note("a number instead of a text")
        return str(value).removesuffix(".0")
    return _only_one(value, _text, notes, "no text")


def _word(value: Any, notes: Notes) -> Any:
    return value if isinstance(value, str) else _only_one(value, _word, notes, "no text")


def _integer(value: Any, notes: Notes) -> Any:
    """Round like JavaScript's `Math.round`, halves upwards."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _number(value, notes)
    if number is _ABSENT:
        return _ABSENT
    if abs(number) >= _TOO_LARGE:
        return _unfit("too large a number", value, notes)
    whole = math.floor(number)
    if number != whole:
        notes.note("a fraction")
    # Not `floor(number + 0.5)`: large floats have no halves, and would become the next even one.
    return whole + int(number - whole >= 0.5)  # noqa: PLR2004 - a half


def _number(value: Any, notes: Notes) -> Any:
    match value:
        case bool():
            notes.note("true or false instead of a number")
            return int(value)
        case int() | float():
            fits = abs(value) <= sys.float_info.max
            return value if fits else _unfit("too large a number", value, notes)
        case str() if _NUMBER.fullmatch(value):
            notes.note("a text instead of a number")
            return float(value)
        case _:
            return _only_one(value, _number, notes, "no number")


def _flag(value: Any, notes: Notes) -> Any:
    if isinstance(value, bool):
        return value
    meant = (
        _FLAGS.get(str(value).removesuffix(".0")) if isinstance(value, str | int | float) else None
    )
    if meant is None:
        return _only_one(value, _flag, notes, "neither true nor false")
    notes.note("a text or a number instead of true or false")
    return meant


_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def _moment(value: Any, notes: Notes) -> Any:
    if not isinstance(value, str):
        return _only_one(value, _moment, notes, "no date")
    try:
        return msgspec.convert(value, Timestamp)
    except msgspec.ValidationError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return _unfit("no date", value, notes)
    notes.note("a date without a time zone")
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _raw(value: Any, notes: Notes) -> Any:  # noqa: ARG001 - see Mender
    return msgspec.Raw(msgspec.json.encode(value))


def _as_it_is(value: Any, notes: Notes) -> Any:  # noqa: ARG001 - see Mender
    return value


def _without_nulls(value: Any, notes: Notes) -> Any:
    if is_array(value):
        return [_without_nulls(one, notes) for one in value]
    if not is_object(value):
        return value
    return {name: _without_nulls(one, notes) for name, one in value.items() if one is not None}


def _only_one(value: Any, mender: Mender, notes: Notes, what: str) -> Any:
    """Accept an array of one value for the value."""
    match value:
        case [one] if not isinstance(one, list):
            notes.note("an array instead of what is in it")
            return mender(one, notes)
        case _:
            return _unfit(what, value, notes)


def _unfit(what: str, value: Any, notes: Notes) -> Any:
    notes.note("null" if value is None else "an empty text" if value == "" else what)
    return _ABSENT


_SCALARS: dict[Any, Mender] = {
    Any: _as_it_is,
    object: _as_it_is,
    msgspec.Raw: _raw,
    str: _text,
    int: _integer,
    float: _number,
    bool: _flag,
    Timestamp: _moment,
}
