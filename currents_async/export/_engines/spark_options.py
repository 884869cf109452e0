"""The options of the data source for Spark, which are all strings."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from currents_async import Limits
from currents_async.errors import InvalidArgumentError
from currents_async.export._engines.spark_frames import Frame
from currents_async.export._tables import SCHEMAS

T = TypeVar("T")
Default = TypeVar("Default")

_NAMES = (
    "project",
    "table",
    "tables",
    "columns",
    "since",
    "until",
    "rate",
    "maxConcurrentTasks",
    "onError",
    "pushFilters",
    "lookBackHours",
    "maxDaysPerTrigger",
    "apiKey",
    "apiUrl",
)


class SparkOptions:
    """The options, checked. Executors receive them, including the API key if it is one of them.

    Not a dataclass or a Struct, because their `repr` would show the API key.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        """Read options; their names are case-insensitive. Raises `InvalidArgumentError`."""
        given = {name.lower(): text for name, text in options.items()}
        _check_names(given)
        self.projects: list[str] = _needed(given, "project", _texts)
        self.tables: tuple[str, ...]
        self.frame: Frame
        self.tables, self.frame = _tables(given)
        self.since: datetime = _needed(given, "since", _moment)
        self.until: datetime | None = _read(given, "until", _moment, None)
        self.max_tasks: int = _read(given, "maxConcurrentTasks", _count, 1)
        self._rate: float | None = _read(given, "rate", float, None)
        self.limits(self.max_tasks)  # which checks the rate
        self.skips_errors: bool = _read(given, "onError", _skips, default=False)
        self.pushes_filters: bool = _read(given, "pushFilters", _flag, default=False)
        self.look_back: timedelta = _read(given, "lookBackHours", _hours, timedelta(hours=48))
        self.max_days_per_trigger: int | None = _read(given, "maxDaysPerTrigger", _count, None)
        self.api_key: str | None = given.get("apikey")
        self.base_url: str | None = given.get("apiurl")

    def limits(self, tasks: int) -> Limits:
        """Return the share of each of some tasks in the rate and the connections."""
        return Limits(
            rate=None if self._rate is None else self._rate / tasks,
            concurrency=max(1, Limits().concurrency // tasks),
        )


def _check_names(given: Mapping[str, str]) -> None:
    known = {name.lower() for name in _NAMES}
    for name in given:
        if name not in known:
            raise InvalidArgumentError(f"there is no option {name!r}")


def _needed(given: Mapping[str, str], name: str, convert: Callable[[str], T]) -> T:
    if name not in given:
        raise InvalidArgumentError(f"the option {name!r} is required")
    return _converted(name, given[name], convert)


def _read(
    given: Mapping[str, str], name: str, convert: Callable[[str], T], default: Default
) -> T | Default:
    text = given.get(name.lower())
    return default if text is None else _converted(name, text, convert)


def _converted(name: str, text: str, convert: Callable[[str], T]) -> T:
    try:
        return convert(text)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(f"the option {name!r} cannot be {text!r}") from None


def _texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _tables(given: Mapping[str, str]) -> tuple[tuple[str, ...], Frame]:
    if "tables" not in given:
        table = _needed(given, "table", _table)
        return (table,), Frame.of_table(table, _columns(table, given.get("columns")))
    for name in ("table", "columns"):
        if name in given:
            raise InvalidArgumentError(f"the options {name!r} and 'tables' exclude each other")
    several = _converted("tables", given["tables"], lambda text: [*map(_table, _texts(text))])
    tables = tuple(table for table in SCHEMAS if table in several)
    return tables, Frame.of_tables(tables)


def _table(text: str) -> str:
    if text not in SCHEMAS:
        raise ValueError
    return text


def _columns(table: str, text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(SCHEMAS[table].names)
    columns = tuple(dict.fromkeys(_texts(text)))
    for column in columns:
        if column not in SCHEMAS[table].names:
            raise InvalidArgumentError(
                f"the option 'columns' names {column!r}, but {table!r} has no such column"
            )
    return columns


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _flag(text: str) -> bool:
    return ("false", "true").index(text.lower()) == 1


def _skips(text: str) -> bool:
    return ("raise", "skip").index(text) == 1


def _hours(text: str) -> timedelta:
    hours = timedelta(hours=float(text))
    if hours < timedelta():
        raise ValueError
    return hours
