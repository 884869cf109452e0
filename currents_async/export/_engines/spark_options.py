"""The options of the data source for Spark, which are all strings."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from currents_async import Limits
from currents_async.errors import InvalidArgumentError
from currents_async.export._tables import SCHEMAS

T = TypeVar("T")
Default = TypeVar("Default")

_NAMES = (
    "project",
    "table",
    "since",
    "until",
    "rate",
    "maxConcurrentTasks",
    "onError",
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
        self.table: str = _needed(given, "table", _table)
        self.since: datetime = _needed(given, "since", _moment)
        self.until: datetime | None = _read(given, "until", _moment, None)
        tasks = _read(given, "maxConcurrentTasks", _count, 1)
        self.limits: Limits = _limits(tasks, _read(given, "rate", float, None))
        self.skips_errors: bool = _read(given, "onError", _skips, default=False)
        self.look_back: timedelta = _read(given, "lookBackHours", _hours, timedelta(hours=48))
        self.max_days_per_trigger: int | None = _read(given, "maxDaysPerTrigger", _count, None)
        self.api_key: str | None = given.get("apikey")
        self.base_url: str | None = given.get("apiurl")


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


def _table(text: str) -> str:
    if text not in SCHEMAS:
        raise ValueError
    return text


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _skips(text: str) -> bool:
    return ("raise", "skip").index(text) == 1


def _hours(text: str) -> timedelta:
    hours = timedelta(hours=float(text))
    if hours < timedelta():
        raise ValueError
    return hours


def _limits(tasks: int, rate: float | None) -> Limits:
    """Return the share of one task in the rate and the connections."""
    return Limits(
        rate=None if rate is None else rate / tasks,
        concurrency=max(1, Limits().concurrency // tasks),
    )
