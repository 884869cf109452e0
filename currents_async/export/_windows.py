"""Windows: the portions in which runs are exported, a day of a project each."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from currents_async._checks import check_aware, check_segment, check_texts
from currents_async.errors import InvalidArgumentError

FIRST_DAY = date(2020, 1, 1)
"""Before the service existed: there is no window of an earlier day."""

_DAY = timedelta(days=1)
_FARTHEST = timedelta(days=366)
"""How far ahead of the clock a span may end: days that have not begun have no runs."""


class Window(msgspec.Struct, frozen=True, order=True):
    """All runs of a project that began on one day, in UTC.

    It is what is written, made visible, recorded and done again as a whole.
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
        """Say whether a run that began then belongs here; one of unknown time does."""
        return moment is None or self.start <= moment < self.end


def windows_between(
    project_ids: Iterable[str], since: datetime, until: datetime
) -> Iterator[Window]:
    """Go over the windows of some projects, the oldest day first.

    Days that `since` and `until` lie in are included as wholes; one that begins at `until` is not.
    No day before 2020 is: the service did not exist. Raises `InvalidArgumentError` for IDs that
    cannot be any, for datetimes without a time zone, and when there is nothing between them.
    """
    texts = check_texts("projects", project_ids, check_segment, min_items=1)
    since, until = _in_utc("since", since), _in_utc("until", until)
    if until <= since:
        raise InvalidArgumentError(
            f"until must be after since: {until.isoformat()} is not after {since.isoformat()}"
        )
    first, last = max(since.date(), FIRST_DAY), (until - datetime.resolution).date()
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


def check_not_far_ahead(until: datetime, *, now: datetime) -> None:
    """Raise `InvalidArgumentError` for a span of hundreds of days that have not begun."""
    if until.astimezone(UTC) - now > _FARTHEST:
        raise InvalidArgumentError(
            f"until must be at most {_FARTHEST.days} days ahead, not {until.isoformat()}: leave it "
            "out for all runs there are by now"
        )


def _in_utc(name: str, moment: datetime) -> datetime:
    try:
        return check_aware(name, moment).astimezone(UTC)
    except OverflowError:
        raise InvalidArgumentError(f"{name} is out of range: {moment.isoformat()}") from None
