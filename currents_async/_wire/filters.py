"""The filters of lists: each argument checked, and spelt as its operation wants it."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from typing import Any, Self, get_args

import msgspec

from currents_async._wire.query import Query, check_flag, check_text, check_texts, flag
from currents_async.errors import InvalidArgumentError
from currents_async.models.tests import AnnotationFilter, MetricSettings, TestState

Moment = datetime | date
"""A point in time, aware of its zone, or a day."""

TEST_STATES = get_args(TestState)


class Filters:
    """Builds a query in the order of the calls; arguments that are None or empty are left out.

    `wire` is the name that is sent, brackets included, and `name` the argument's, for errors.
    Every method raises `InvalidArgumentError`.
    """

    def __init__(self) -> None:
        self._pairs: list[tuple[str, str]] = []

    @property
    def query(self) -> Query:
        """What has been built."""
        return self._pairs

    def text(self, wire: str, name: str, value: str | None, *, longest: int | None = None) -> Self:
        """Add a text."""
        if value is not None:
            self._add(wire, check_text(name, value, longest=longest))
        return self

    def texts(
        self, wire: str, name: str, values: Iterable[str], *, most: int | None = None
    ) -> Self:
        """Add texts, the name repeated for each."""
        for value in check_texts(name, values, most=most):
            self._add(wire, value)
        return self

    def choice(self, wire: str, name: str, value: str | None, choices: Collection[str]) -> Self:
        """Add one of the values that are documented."""
        if value is not None:
            self._add(wire, check_choice(name, value, choices))
        return self

    def choices(
        self, wire: str, name: str, values: Iterable[str], choices: Collection[str]
    ) -> Self:
        """Add several of the values that are documented, the name repeated for each."""
        for value in check_choices(name, values, choices):
            self._add(wire, value)
        return self

    def number(
        self, wire: str, name: str, value: int | None, *, least: int, most: int | None = None
    ) -> Self:
        """Add a whole number within its documented range."""
        if value is not None:
            self._add(wire, str(check_range(name, value, least=least, most=most)))
        return self

    def flag(self, wire: str, name: str, value: bool | None) -> Self:  # noqa: FBT001 - as it came
        """Add a boolean."""
        if value is not None:
            self._add(wire, flag(check_flag(name, value)))
        return self

    def moment(self, wire: str, name: str, value: Moment | None) -> Self:
        """Add a date in ISO 8601."""
        if value is not None:
            self._add(wire, encode_moment(name, value))
        return self

    def span(self, date_start: Moment, date_end: Moment) -> Self:
        """Add the span of time that explorers look at."""
        return self.moment("date_start", "date_start", date_start).moment(
            "date_end", "date_end", date_end
        )

    def lists(self, **lists: Iterable[str]) -> Self:
        """Add texts under names that are those of the arguments and brackets."""
        for name, values in lists.items():
            self.texts(f"{name}[]", name, values)
        return self

    def annotations(self, values: Iterable[AnnotationFilter]) -> Self:
        """Add annotations that tests must have."""
        if isinstance(values, AnnotationFilter):
            raise InvalidArgumentError("annotations must be a sequence, not one AnnotationFilter")
        checked = [
            _check_annotation(f"annotations[{index}]", one) for index, one in enumerate(values)
        ]
        return self.json("annotations", checked or None)

    def metric_settings(self, value: MetricSettings | None) -> Self:
        """Add which outcomes count for which metric."""
        return self if value is None else self.json("metric_settings", _check_settings(value))

    def json(self, wire: str, value: Any) -> Self:
        """Add a value as JSON text."""
        if value is not None:
            self._add(wire, msgspec.json.encode(value).decode())
        return self

    def _add(self, wire: str, value: str) -> None:
        self._pairs.append((wire, value))


def encode_moment(name: str, value: Moment) -> str:
    """Return ISO 8601: in UTC with milliseconds, or a plain day.

    Raises `InvalidArgumentError` for a datetime without a time zone: which one is meant is a guess.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None or value.utcoffset() is None:
            raise InvalidArgumentError(f"{name} must have a time zone, as with tzinfo=UTC")
        in_utc = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return in_utc.removesuffix("+00:00") + "Z"
    if isinstance(value, date):  # pyright: ignore[reportUnnecessaryIsInstance]
        return value.isoformat()
    raise InvalidArgumentError(f"{name} must be a datetime or a date, not {value!r}")


def check_range(name: str, value: int, *, least: int, most: int | None = None) -> int:
    """Return a whole number within a range, or raise `InvalidArgumentError`."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not is_whole or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise InvalidArgumentError(f"{name} must be a whole number {bounds}, not {value!r}")
    return value


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """Return one of the values that are documented, or raise `InvalidArgumentError`."""
    check_text(name, value)
    if value not in choices:
        raise InvalidArgumentError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return str(value)


def check_choices(name: str, values: Iterable[str], choices: Collection[str]) -> list[str]:
    """Return several of the values that are documented, or raise `InvalidArgumentError`."""
    return [
        check_choice(f"{name}[{index}]", value, choices)
        for index, value in enumerate(check_texts(name, values))
    ]


def _check_annotation(name: str, value: AnnotationFilter) -> AnnotationFilter:
    if not isinstance(value, AnnotationFilter):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} must be an AnnotationFilter, not {value!r}")
    check_text(f"{name}.type", value.type)
    if value.description is None:
        return value
    if isinstance(value.description, str):
        check_text(f"{name}.description", value.description)
        return value
    several = check_texts(f"{name}.description", value.description, fewest=1)
    return msgspec.structs.replace(value, description=several)


def _check_settings(value: MetricSettings) -> MetricSettings:
    if not isinstance(value, MetricSettings):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"metric_settings must be MetricSettings, not {value!r}")
    chosen = {
        name: check_choices(f"metric_settings.{name}", states, TEST_STATES)
        for name, states in msgspec.structs.asdict(value).items()
        if states is not None
    }
    return msgspec.structs.replace(value, **chosen)
