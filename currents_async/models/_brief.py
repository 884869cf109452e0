"""Models for people: in one line what each is and how it stands, in a table what it says."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from currents_async._redaction import hide_signatures

MAX_LENGTH = 200
"""Characters of a repr."""
_MAX_VALUE = 48
_KEPT = 150
"""Characters after which no further field is shown."""
_MAX_ITEMS = 3
"""Items of a list that are shown, where there is room for more than how many there are."""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """Base of Structs that are shown in one line, in notebooks as a table, and by rich as a tree.

    Fields that say nothing are left out, and of long lists there is only how long they are.
    """

    def __repr__(self) -> str:
        return brief(type(self).__name__, self._label(), self._told())

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, _in_tree(value)) for name, value in self._told()]

    def _repr_html_(self) -> str:
        return to_html(type(self).__name__, self._told())

    def _label(self) -> str:
        """Return what tells it from others of its kind and how it stands, in place of fields."""
        return ""

    def _fields(self) -> list[tuple[str, Any]]:
        """Return all fields as they may be shown."""
        return [(name, getattr(self, name)) for name in self.__struct_fields__]

    def _told(self) -> list[tuple[str, Any]]:
        """Return the fields that say something."""
        return [(name, value) for name, value in self._fields() if says_something(value)]


def says_something(value: Any) -> bool:
    """Return whether a value is worth showing: it is not empty, and no Struct of such values."""
    return bool(value) and (
        not isinstance(value, msgspec.Struct) or repr(value) != f"{type(value).__name__}()"
    )


class _Shown:
    """What is shown of a value in place of it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _in_tree(value: Any) -> Any:
    """Return what a tree has at a value: below what has a label, and in long lists, it ends."""
    if isinstance(value, msgspec.Struct):
        shown = repr(value)
        return _Shown(shown) if shown[0] == "<" else value
    if not isinstance(value, tuple | list):
        return value
    values = cast("Sequence[Any]", value)
    return [*map(_in_tree, values)] if len(values) <= _MAX_ITEMS else _Shown(_count(values))


def brief(name: str, label: str, fields: Iterable[tuple[str, Any]]) -> str:
    """Return `<Name label>`, or `Name(field=value, …)` with as many fields as there is room for."""
    if label:
        return cut(f"<{name} {hide_signatures(label)}", MAX_LENGTH - 1) + ">"
    shown, length = list[str](), 0
    for field, value in fields:
        if length > _KEPT:
            shown.append("…")
            break
        shown.append(f"{field}={brief_value(value)}")
        length += len(shown[-1])
    return cut(f"{name}({', '.join(shown)}", MAX_LENGTH - 1) + ")"


def brief_value(value: Any) -> str:
    """Return a value in few words: of what is inside, only how many there are."""
    match value:
        case msgspec.Struct():
            return cut(repr(value), _MAX_VALUE)
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S%z}"
        case str():
            return cut(repr(str(value)), _MAX_VALUE)
        case tuple() | list():
            return _several(cast("Sequence[Any]", value))
        case dict():
            return f"<{len(cast('Mapping[str, Any]', value))} items>"
        case _:
            return cut(repr(value), _MAX_VALUE)


def _several(values: Sequence[Any]) -> str:
    whole = f"[{', '.join(brief_value(one) for one in values[:_MAX_ITEMS])}]"
    return whole if len(values) <= _MAX_ITEMS and len(whole) <= _MAX_VALUE else _count(values)


def _count(values: Sequence[Any]) -> str:
    return f"<{len(values)} × {type(values[0]).__name__}>"  # noqa: RUF001


def cut(text: str, length: int) -> str:
    """Return a text of one line that is not longer, and can be printed."""
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= length else f"{text[: length - 1]}…"


def to_html(name: str, fields: Iterable[tuple[str, Any]]) -> str:
    """Return a table of fields, as notebooks show it."""
    rows = "".join(
        f"<tr><th>{_escape(field)}</th><td>{_cell(value)}</td></tr>" for field, value in fields
    )
    return f"<table><caption>{_escape(name)}</caption>{rows}</table>"


def _cell(value: Any) -> str:
    match value:
        case msgspec.Struct():
            text = cut(repr(value), MAX_LENGTH)
        case datetime():
            text = f"{value:%Y-%m-%d %H:%M:%S %Z}"
        case str():
            text = cut(str(value), MAX_LENGTH)
        case tuple() | list():
            values = cast("Sequence[Any]", value)
            more = [f"… of {len(values):,}"] if len(values) > _MAX_ITEMS else []
            return "<br>".join([*map(_cell, values[:_MAX_ITEMS]), *more])
        case _:
            text = brief_value(value)
    return _escape(text)


def _escape(text: str) -> str:
    from html import escape  # noqa: PLC0415 - it loads a large table, and few use notebooks

    return escape(text)
