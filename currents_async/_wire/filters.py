"""The filters of lists: each argument checked, and spelt as its operation wants it."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, Self, get_args

import msgspec

from currents_async._checks import (
    check_aware,
    check_choice,
    check_choices,
    check_flag,
    check_int,
    check_several,
    check_text,
    check_texts,
    check_trimmed,
    check_type,
    check_word,
)
from currents_async._wire.endpoint import Query
from currents_async.errors import InvalidArgumentError
from currents_async.models.tests import AnnotationFilter, MetricSettings, TestState

Moment = datetime | date
"""A point in time, aware of its zone, or a day."""


check_pr_id = partial(check_word, max_length=128)


class Filters:
    """Builds a query in the order of the calls; arguments that are None or empty are left out.

    `name` is the argument's, and `wire` the name that is sent where it is another one. Every method
    raises `InvalidArgumentError`.
    """

    def __init__(self) -> None:
        self._pairs: list[tuple[str, str]] = []

    @property
    def query(self) -> Query:
        """What has been built."""
        return self._pairs

    def text(
        self,
        name: str,
        value: str | None,
        check: Callable[[str, str], str] = check_text,
        *,
        wire: str | None = None,
    ) -> Self:
        """Add a text."""
        if value is not None:
            self._add(wire or name, check(name, value))
        return self

    def search(self, value: str | None, *, max_length: int | None = None) -> Self:
        """Add a search term, without the white space around it."""
        return self.text("search", value, partial(check_trimmed, max_length=max_length))

    def lists(
        self, check: Callable[[str, str], str] = check_text, /, **lists: Iterable[str]
    ) -> Self:
        """Add texts, the name of their argument and brackets repeated for each."""
        for name, values in lists.items():
            self._add_each(f"{name}[]", check_texts(name, values, check))
        return self

    def choice(self, name: str, value: str | None, literal: Any) -> Self:
        """Add one of the values that a `Literal` names."""
        if value is not None:
            self._add(name, check_choice(name, value, get_args(literal)))
        return self

    def choices(
        self, name: str, values: Iterable[str], literal: Any, *, wire: str | None = None
    ) -> Self:
        """Add several of the values that a `Literal` names, the name repeated for each."""
        return self._add_each(wire or name, check_choices(name, values, get_args(literal)))

    def number(
        self, name: str, value: int | None, *, min_value: int = 1, max_value: int | None = None
    ) -> Self:
        """Add an integer within its documented range."""
        if value is not None:
            self._add(name, str(check_int(name, value, min_value=min_value, max_value=max_value)))
        return self

    def flag(self, name: str, value: bool | None, *, wire: str | None = None) -> Self:  # noqa: FBT001 - as it came
        """Add a boolean."""
        if value is not None:
            self._add(wire or name, "true" if check_flag(name, value) else "false")
        return self

    def span(self, date_start: Moment, date_end: Moment) -> Self:
        """Add the span of time that explorers look at: both ends are required."""
        # So None is not left out but refused.
        start, end = encode_moment("date_start", date_start), encode_moment("date_end", date_end)
        self._add("date_start", start)
        self._add("date_end", end)
        if _instant(date_start) > _instant(date_end):
            raise InvalidArgumentError(
                f"date_start must not be after date_end: {start} is after {end}"
            )
        return self

    def open_span(self, date_start: Moment | None, date_end: Moment | None) -> Self:
        """Add a span of time of which each end may be left out."""
        if date_start is not None and date_end is not None:
            return self.span(date_start, date_end)
        for name, value in (("date_start", date_start), ("date_end", date_end)):
            if value is not None:
                self._add(name, encode_moment(name, value))
        return self

    def annotations(self, values: Iterable[AnnotationFilter]) -> Self:
        """Add annotations that tests must have."""
        several = check_several("annotations", values, AnnotationFilter)
        checked = [
            _check_annotation(f"annotations[{index}]", one) for index, one in enumerate(several)
        ]
        return self._json("annotations", checked or None)

    def metric_settings(self, value: MetricSettings | None) -> Self:
        """Add which outcomes count for which metric."""
        return self if value is None else self._json("metric_settings", _check_settings(value))

    def _json(self, wire: str, value: Any) -> Self:
        if value is not None:
            self._add(wire, msgspec.json.encode(value).decode())
        return self

    def _add(self, wire: str, value: str) -> None:
        self._pairs.append((wire, value))

    def _add_each(self, wire: str, values: Iterable[str]) -> Self:
        self._pairs += [(wire, value) for value in values]
        return self


def encode_moment(name: str, value: Moment) -> str:
    """Return ISO 8601: in UTC with milliseconds, or a plain day.

    Raises `InvalidArgumentError` for a datetime without a time zone.
    """
    if isinstance(value, datetime):
        return encode_time(name, value)
    if isinstance(value, date):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value.isoformat()
    raise InvalidArgumentError(f"{name} must be a datetime or a date, not {value!r}")


def encode_time(name: str, value: Moment) -> str:
    """Return ISO 8601 in UTC with milliseconds; of a day, its beginning."""
    if not isinstance(value, datetime):
        return f"{encode_moment(name, value)}T00:00:00.000Z"
    try:
        in_utc = check_aware(name, value).astimezone(UTC).isoformat(timespec="milliseconds")
    except OverflowError:
        raise InvalidArgumentError(
            f"{name} must lie in the years 1 to 9999 in UTC, not {value}"
        ) from None
    return in_utc.removesuffix("+00:00") + "Z"


def _instant(value: Moment) -> datetime:
    """Return the point in time that the service takes a moment for."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)


def _check_annotation(name: str, value: AnnotationFilter) -> AnnotationFilter:
    check_type(name, value, AnnotationFilter)
    check_text(f"{name}.type", value.type)
    if value.description is None:
        return value
    if isinstance(value.description, str):
        check_text(f"{name}.description", value.description)
        return value
    several = check_texts(f"{name}.description", value.description, min_items=1)
    return msgspec.structs.replace(value, description=several)


def _check_settings(value: MetricSettings) -> MetricSettings:
    check_type("metric_settings", value, MetricSettings)
    chosen = {
        name: check_choices(f"metric_settings.{name}", states, get_args(TestState))
        for name, states in msgspec.structs.asdict(value).items()
        if states is not None
    }
    return msgspec.structs.replace(value, **chosen)
