"""Models in one line, for people: of a large one, what it is and how it stands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, cast

import msgspec

from currents_async._redaction import hide_signatures

MAX_LENGTH = 200
"""Characters of a repr."""
_MAX_VALUE = 48
_KEPT = 150
"""Characters after which no further field is shown."""


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
            shown = repr(value)
            return cut(shown, _MAX_VALUE) if shown[0] == "<" else f"<{type(value).__name__}>"
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
    whole = f"[{', '.join(brief_value(one) for one in values[:3])}]"
    if len(values) <= 3 and len(whole) <= _MAX_VALUE:  # noqa: PLR2004 - as many as above
        return whole
    return f"<{len(values)} × {type(values[0]).__name__}>"  # noqa: RUF001


def cut(text: str, length: int) -> str:
    """Return a text of one line that is not longer, and can be printed."""
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= length else f"{text[: length - 1]}…"


def to_html(name: str, fields: Iterable[tuple[str, Any]]) -> str:
    """Return a table of fields, as notebooks show it."""
    rows = "".join(
        f"<tr><th>{escape(field)}</th><td>{escape(brief_value(value))}</td></tr>"
        for field, value in fields
    )
    return f"<table><caption>{escape(name)}</caption>{rows}</table>"
