"""Argument checks: each returns its argument, or raises an `InvalidArgumentError` that names it.

They also check what the annotations promise, since not every caller has a type checker.
"""

import math
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from currents_async.errors import InvalidArgumentError

T = TypeVar("T")

# Lone surrogates cannot be encoded, and control characters are never part of a name or an ID.
_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_BRANCH = re.compile(r"[!-)+-~]+\*?")
_PRINTABLE = re.compile("[ -~]+")
_UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.1."""

_MAX_BRANCH = 250
_MAX_SPAN = timedelta(days=36525)
"""A century: a date this far from today is still one that `datetime` can hold."""
_MAX_CONCURRENCY = 10_000
"""Each worker has a task, whether or not there is work for it."""


def check_type(name: str, value: Any, kind: type[T]) -> T:
    """Return an instance of a class."""
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIOUaeiou" else "a"
    raise InvalidArgumentError(
        f"{name} must be {article} {kind.__name__}, not {type(value).__name__}"
    )


def check_several(name: str, values: Iterable[T], kind: type[T]) -> list[T]:
    """Return a list of several values of a class, which are not checked themselves."""
    # A str is a sequence of str too: tags="nightly" would filter by seven letters.
    is_single = isinstance(values, kind | str | bytes)
    if not is_single and isinstance(values, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        return list(values)
    passed = f"{'a single ' if is_single else ''}{type(values).__name__}"
    raise InvalidArgumentError(f"{name} must be a sequence of {kind.__name__}, not {passed}")


# Text.


def check_text(name: str, value: str, *, max_length: int | None = None) -> str:
    """Return text of one line that is not blank."""
    check_type(name, value, str)
    if not value or value.isspace():
        raise InvalidArgumentError(f"{name} must not be empty")
    _check_length(name, value, max_length)
    if _UNSENDABLE.search(value):
        raise InvalidArgumentError(f"{name} must not contain control characters: {value!r}")
    return value


def check_prose(name: str, value: str, *, max_length: int | None = None) -> str:
    """Return text of any number of lines, which may be blank."""
    check_type(name, value, str)
    _check_length(name, value, max_length)
    if _LONE_SURROGATE.search(value):
        raise InvalidArgumentError(f"{name} must not contain lone surrogates: {value!r}")
    return value


def check_trimmed(name: str, value: str, *, max_length: int | None = None) -> str:
    """Return text of one line without the white space around it."""
    return check_text(name, check_type(name, value, str).strip(), max_length=max_length)


def check_ascii(name: str, value: str, *, max_length: int | None = None) -> str:
    """Return printable ASCII, spaces included."""
    if _PRINTABLE.fullmatch(check_text(name, value, max_length=max_length)):
        return value
    raise InvalidArgumentError(f"{name} must be printable ASCII: {value!r}")


def check_word(name: str, value: str, *, max_length: int | None = None) -> str:
    """Return printable ASCII without spaces."""
    if " " in check_ascii(name, value, max_length=max_length):
        raise InvalidArgumentError(f"{name} must not contain spaces: {value!r}")
    return value


def check_uuid4(name: str, value: str) -> str:
    """Return a UUID of version 4."""
    if _UUID4.fullmatch(check_text(name, value).lower()) is None:
        raise InvalidArgumentError(f"{name} must be a UUID of version 4, not {value!r}")
    return value


def check_segment(name: str, value: str) -> str:
    """Return an ID that is one segment of a path."""
    check_text(name, value)
    if "/" in value or "\\" in value or value in {".", ".."}:
        raise InvalidArgumentError(f"{name} must be one path segment, not {value!r}")
    return value


def check_branch(name: str, value: str) -> str:
    """Return a filter of branches: an exact name, or a prefix and `*`.

    Source: `docs/api/openapi-runs-instances.json`, "BranchFilterQueryValue".
    """
    check_text(name, value, max_length=_MAX_BRANCH)
    if _BRANCH.fullmatch(value) is None:
        raise InvalidArgumentError(
            f"{name} must be printable ASCII without spaces, with '*' only at the end: {value!r}"
        )
    return value


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """Return one of several values."""
    check_text(name, value)
    if value not in choices:
        raise InvalidArgumentError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return str(value)  # of an enum's member, its value


def check_texts(
    name: str,
    values: Iterable[str],
    check: Callable[[str, str], str] = check_text,
    *,
    min_items: int = 0,
    max_items: int | None = None,
) -> list[str]:
    """Return a list of texts, each checked by a function."""
    several = check_several(name, values, str)
    texts = [check(f"{name}[{index}]", value) for index, value in enumerate(several)]
    if len(texts) < min_items or (max_items is not None and len(texts) > max_items):
        bounds = f"at least {min_items}" if max_items is None else f"{min_items} to {max_items}"
        items = "item" if bounds == "at least 1" else "items"
        raise InvalidArgumentError(f"{name} must have {bounds} {items}, not {len(texts)}")
    return texts


def check_choices(
    name: str, values: Iterable[str], choices: Collection[str], *, min_items: int = 0
) -> list[str]:
    """Return a list of some of several values."""

    def check(name: str, value: str) -> str:
        return check_choice(name, value, choices)

    return check_texts(name, values, check, min_items=min_items)


def is_header_name(value: object) -> bool:
    """Return whether a value can be the name of an HTTP header."""
    return isinstance(value, str) and _HEADER_NAME.fullmatch(value) is not None


def _check_length(name: str, value: str, max_length: int | None) -> None:
    if max_length is not None and len(value) > max_length:
        raise InvalidArgumentError(f"{name} must have at most {max_length:,} characters")


# Numbers, booleans and times.


def check_flag(name: str, value: bool) -> bool:  # noqa: FBT001 - the value is what is checked
    """Return a boolean."""
    return check_type(name, value, bool)


def check_int(name: str, value: int, *, min_value: int = 1, max_value: int | None = None) -> int:
    """Return an integer in a range."""
    is_int = isinstance(value, int) and not isinstance(value, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
    if is_int and value >= min_value and (max_value is None or value <= max_value):
        return value
    if max_value is not None:
        bounds = f"an integer from {min_value} to {max_value:,}"
    else:
        bounds = "a positive integer" if min_value == 1 else f"an integer of at least {min_value}"
    raise InvalidArgumentError(f"{name} must be {bounds}, not {value!r}")


def check_concurrency(name: str, value: int) -> int:
    """Return how many may work at once."""
    return check_int(name, value, max_value=_MAX_CONCURRENCY)


def check_positive(
    name: str, value: float, *, max_value: float | None = None, unit: str = ""
) -> float:
    """Return a positive number, finite by default."""
    # An int can be too large for a float, and yet smaller than infinity.
    largest = sys.float_info.max if max_value is None or math.isinf(max_value) else max_value
    if is_number(value) and (0 < value <= largest or value == max_value):
        return value
    of_unit = f" of {unit}" if unit else ""
    bound = "" if max_value in {None, math.inf} else f" up to {max_value:g}"
    raise InvalidArgumentError(f"{name} must be a positive number{of_unit}{bound}, not {value!r}")


def check_seconds(name: str, value: float) -> float:
    """Return a positive and finite number of seconds."""
    return check_positive(name, value, unit="seconds")


def check_timeout(name: str, value: float) -> float:
    """Return a positive number of seconds; `math.inf` is no limit."""
    return check_positive(name, value, unit="seconds", max_value=math.inf)


def check_time_limit(name: str, value: float | None) -> float:
    """Return how many seconds something may take; None is any time."""
    return math.inf if value is None else check_timeout(name, value)


def check_path(name: str, value: object) -> Path:
    """Return a path that is text."""
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidArgumentError(f"{name} must be a path, as str or os.PathLike[str]")
    return Path(text)


def key_refusal(key: object) -> str | None:
    """Return why something cannot be sent as a key, or None if it can; no reason quotes it."""
    if not isinstance(key, str):
        return "must be a str"
    if not key:
        return "is empty"
    if any(character <= " " or character > "~" for character in key):
        return "contains spaces, control or non-ASCII characters"
    return None


def accepted(found: T | InvalidArgumentError) -> T:
    """Return what was found, or raise an error like the one that was returned in its place.

    A new one: with its traceback, that one would keep itself alive.
    """
    if isinstance(found, InvalidArgumentError):
        raise InvalidArgumentError(*found.args)
    return found


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number, which booleans and NaN are not."""
    if isinstance(value, float):
        return not math.isnan(value)
    return isinstance(value, int) and not isinstance(value, bool)


def check_span(name: str, span: timedelta) -> timedelta:
    """Return a positive length of time."""
    if not isinstance(span, timedelta) or not timedelta() < span <= _MAX_SPAN:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(
            f"{name} must be a positive timedelta of at most {_MAX_SPAN.days} days, not {span!r}"
        )
    return span


def check_aware(name: str, value: datetime) -> datetime:
    """Return a point in time with its time zone: which one is meant would be a guess.

    Those of pandas and pendulum, which make days and texts of their own, become plain ones.
    """
    check_type(name, value, datetime)
    try:
        offset = value.utcoffset()
    except ValueError:  # what pandas has for a missing one
        raise InvalidArgumentError(f"{name} must be a datetime, not {value!r}") from None
    if offset is None:
        raise InvalidArgumentError(f"{name} must have a time zone, such as tzinfo=UTC")
    return datetime.combine(date(value.year, value.month, value.day), value.timetz())
