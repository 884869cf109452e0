"""Windows: the units in which runs are exported, each a day of a project."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from currents_async._checks import check_aware, check_segment, check_texts
from currents_async.errors import InvalidArgumentError

FIRST_DAY = date(2020, 1, 1)
"""The service did not exist before: there are no windows of earlier days."""

_DAY = timedelta(days=1)
_FARTHEST = timedelta(days=366)
"""How far in the future a span may end: days that have not begun have no runs."""


class Window(msgspec.Struct, frozen=True, order=True):
    """All runs of a project that began on one day, in UTC.

    It is written, published, recorded and exported again as a whole.
    """

    day: date
    project_id: str

    @property
    def start(self) -> datetime:
        """The first moment of the day."""
        return datetime.combine(self.day, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment of the day after."""
        return self.start + _DAY

    def has(self, moment: datetime | None) -> bool:
        """Return whether a run that began then belongs here; also if the time is unknown."""
        return moment is None or self.start <= moment < self.end


def windows_between(
    project_ids: Iterable[str], since: datetime, until: datetime
) -> Iterator[Window]:
    """Iterate over the windows of some projects, oldest day first.

    The days of `since` and `until` are included in full, but not a day that begins at `until`, nor
    days before 2020, when the service did not exist. Raises `InvalidArgumentError` for IDs that
    cannot be any, for datetimes without a time zone, and when there is nothing between them.
    """
    texts = check_texts("projects", project_ids, check_segment, min_items=1)
    since, until = _in_utc("since", since), _in_utc("until", until)
    first, last = max(since.date(), FIRST_DAY), _last_day(since, until)
    if last < first:
        raise InvalidArgumentError(
            f"until must be after {FIRST_DAY}: there are no runs before it, and until is "
            f"{until.isoformat()}"
        )
    if last == date.max:
        raise InvalidArgumentError(f"until is out of range: {until.isoformat()}")
    days = (first + number * _DAY for number in range((last - first).days + 1))
    unique = list(dict.fromkeys(texts))
    return (Window(day, project_id) for day in days for project_id in unique)


def days_between(since: datetime | None, until: datetime | None) -> tuple[date, date]:
    """Return the first and the last day of a span, in UTC; None is no bound.

    Raises `InvalidArgumentError` as `windows_between` does.
    """
    start = datetime.min.replace(tzinfo=UTC) if since is None else _in_utc("since", since)
    if until is None:
        return start.date(), date.max
    return start.date(), _last_day(start, _in_utc("until", until))


def check_not_far_ahead(until: datetime, *, now: datetime) -> None:
    """Raise `InvalidArgumentError` for a span with hundreds of days that have not begun."""
    if until.astimezone(UTC) - now > _FARTHEST:
        raise InvalidArgumentError(
            f"until must be at most {_FARTHEST.days} days ahead, not {until.isoformat()}: leave it "
            "out to export everything until now"
        )


def _last_day(since: datetime, until: datetime) -> date:
    if until <= since:
        raise InvalidArgumentError(
            f"until must be after since: {until.isoformat()} is not after {since.isoformat()}"
        )
    return (until - datetime.resolution).date()


def _in_utc(name: str, moment: datetime) -> datetime:
    try:
        return check_aware(name, moment).astimezone(UTC)
    except OverflowError:
        raise InvalidArgumentError(f"{name} is out of range: {moment.isoformat()}") from None
