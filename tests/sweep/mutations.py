"""One detail of a document made other than documented, for each place and in each way."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_LONGEST_TEXT = 80
_GONE = object()
_EXPONENT = "@1e3@"
"""Stands for a number that Python would write otherwise."""

_MUTANTS: dict[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "missing": lambda _: _GONE,
    "null in it": lambda value: [None, *value] if isinstance(value, list) else [None],
    "empty text": lambda _: "",
    "empty array": lambda _: [],
    "half an emoji": lambda value: f"{value if isinstance(value, str) else ''} \ud83d",
    "12.5": lambda _: 12.5,
    "12.0": lambda _: 12.0,
    "1e3": lambda _: _EXPONENT,
    "naive date": lambda _: "2026-01-02T03:04:05",
    "wrong type": lambda value: {} if isinstance(value, str | int | float | None) else "text",
    "huge": lambda _: int("9" * 30),
    "extra field": lambda value: {**value, "newField": [1]} if isinstance(value, dict) else value,
}


class Mutation(NamedTuple):
    """A document with one detail changed, as JSON text."""

    place: str
    """Its path, without indexes and without the names that are IDs."""
    kind: str
    text: bytes


def mutations(document: Any, done: set[str]) -> Iterator[Mutation]:
    """Change all that is in a document, one after the other, but for the places that are `done`."""
    document = _pruned(document)
    for path in _paths(document, ()):
        place = _place(path)
        if place in done:
            continue
        done.add(place)
        for kind, mutant in _MUTANTS.items():
            yield Mutation(place, kind, _text(_changed(document, path, mutant)))


def _pruned(value: Any) -> Any:
    """Return a document with two elements in each of its arrays, and no long texts."""
    if isinstance(value, dict):
        return {name: _pruned(one) for name, one in value.items()}
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    return [_pruned(one) for one in value[:2]] if isinstance(value, list) else value


def _paths(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items: Any = enumerate(value) if isinstance(value, list) else ()
    for step, one in value.items() if isinstance(value, dict) else items:
        yield from _paths(one, (*path, step))


def _place(path: tuple[str | int, ...]) -> str:
    steps = ["[]" if isinstance(step, int) else f".{_name(step)}" for step in path]
    return "$" + "".join(steps)


def _name(name: str) -> str:
    return "*" if re.search(r"\d{2}|[^\w]", name) else name


def _changed(value: Any, path: tuple[str | int, ...], mutant: Callable[[Any], Any]) -> Any:
    if not path:
        return mutant(value)
    step, *rest = path
    one = _changed(value[step], tuple(rest), mutant)
    if isinstance(step, int):
        return [*value[:step], *([] if one is _GONE else [one]), *value[step + 1 :]]
    kept = {name: item for name, item in value.items() if name != step or one is not _GONE}
    return kept if one is _GONE else {**kept, step: one}


def _text(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).replace(f'"{_EXPONENT}"', "1e3").encode()
