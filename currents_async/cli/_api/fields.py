"""The fields of a request, as `-f` and `-F` give them: the rules of `gh api`.

Source: https://cli.github.com/manual/gh_api
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from currents_async.cli._options import read_file
from currents_async.errors import InvalidArgumentError

Parameter = tuple[str, str]
Query = list[Parameter]

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_LITERALS = {"true": True, "false": False, "null": None}


class ApiField(NamedTuple):
    """A field as it was given."""

    option: str
    name: str
    text: str | None
    """None if it has no value, as an empty list."""
    typed: bool
    """Whether it may be something else than a text."""


async def read_fields(
    raw: Sequence[str], typed: Sequence[str], source: str | None
) -> list[ApiField]:
    """Read the fields of `-f` and `-F`; `source` is that of `--input`."""
    if (source == "-") + sum(text.endswith("=@-") for text in typed) > 1:
        raise InvalidArgumentError("stdin can be read only once: pass - or @- once")
    fields = [_read_field("--raw-field", text, typed=False) for text in raw]
    fields += [_read_field("--field", text, typed=True) for text in typed]
    return [await _with_file(field) for field in fields]


def _read_field(option: str, given: str, *, typed: bool) -> ApiField:
    name, separator, text = given.partition("=")
    if not name or not (separator or name.endswith("[]")):
        raise InvalidArgumentError(f"{option} must be NAME=VALUE, not {given!r}")
    return ApiField(option, name, text if separator else None, typed)


async def _with_file(field: ApiField) -> ApiField:
    if not (field.typed and field.text and field.text.startswith("@")):
        return field
    path = field.text[1:]
    try:
        text = (await read_file(path)).decode()
    except UnicodeDecodeError:
        raise InvalidArgumentError(f"--field {field.name}: {path} is not UTF-8") from None
    return field._replace(text=text, typed=False)


def as_query(fields: Iterable[ApiField]) -> Query:
    """Return what to send in the query, with the names and the texts as they were given."""
    return [(field.name, _text_of(field)) for field in fields]


def _text_of(field: ApiField) -> str:
    if field.text is None:
        raise InvalidArgumentError(
            f"{field.option} must be NAME=VALUE in a query, not {field.name!r}"
        )
    return field.text


def as_json(fields: Sequence[ApiField]) -> dict[str, Any] | None:
    """Return what to send as JSON; None for no fields."""
    body = dict[str, Any]()
    for field in fields:
        found = _NAME.fullmatch(field.name)
        if found is None or "[][]" in field.name:
            raise InvalidArgumentError(
                f"{field.option}: {field.name!r} must be like name, name[key], name[] or "
                "name[][key]"
            )
        _put(body, [found[1], *_KEY.findall(found[2])], field)
    return body or None


def _put(target: dict[str, Any], keys: Sequence[str], field: ApiField) -> None:
    """Put a field where its keys lead: "" stands for a new item of a list, or for its last one."""
    match keys:
        case [key] if key not in target:
            target[key] = _value_of(field)
        case [key, ""]:
            items = _inside(target, key, list[Any](), field)
            if field.text is not None:
                items.append(_value_of(field))
        case [key, "", inner, *_]:
            items = _inside(target, key, list[Any](), field)
            if not items or not _takes(items[-1], inner):
                items.append({})
            _put(items[-1], keys[2:], field)
        case [key, _, *_]:
            _put(_inside(target, key, dict[str, Any](), field), keys[1:], field)
        case _:
            raise _given_twice(field)


def _inside(target: dict[str, Any], key: str, empty: Any, field: ApiField) -> Any:
    """Return the object or the list that a key leads to, which may not be there yet."""
    value = target.setdefault(key, empty)
    if type(value) is not type(empty):
        raise _given_twice(field)
    return value


def _takes(item: Any, key: str) -> bool:
    """Return whether an item of a list is an object that can still have a key."""
    if not isinstance(item, dict):
        return False
    members = cast("dict[str, Any]", item)
    return key not in members or isinstance(members[key], list)


def _given_twice(field: ApiField) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{field.option}: {field.name!r} does not go with the fields before it"
    )


def _value_of(field: ApiField) -> Any:
    text = field.text
    if text is None or not field.typed:
        return text
    return int(text) if _INTEGER.fullmatch(text) else _LITERALS.get(text, text)
