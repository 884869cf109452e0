from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import InvalidArgumentError
from currents_async.export._windows import Window, check_not_far_ahead, windows_between

MOMENTS = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - the zone is drawn
    datetime(2026, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day and so on


def days(since: datetime, until: datetime) -> list[int]:
    return [window.day.day for window in windows_between(["p"], since, until)]


class TestWindow:
    def test_it_is_a_day_in_utc(self) -> None:
        window = Window(date(2026, 2, 28), "p")
        assert window.start == at(2026, 2, 28)
        assert window.end == at(2026, 3, 1)

    @pytest.mark.parametrize(
        ("moment", "belongs"),
        [
            (at(2026, 1, 5), True),
            (at(2026, 1, 5, 23, 59, 59, 999_999), True),
            (at(2026, 1, 6), False),
            (at(2026, 1, 4, 23, 59, 59, 999_999), False),
            (datetime(2026, 1, 6, 1, tzinfo=timezone(timedelta(hours=2))), True),
            (None, True),
        ],
    )
    def test_a_run_belongs_to_the_day_on_which_it_began(
        self, moment: datetime | None, *, belongs: bool
    ) -> None:
        assert Window(date(2026, 1, 5), "p").has(moment) is belongs


class TestBetween:
    @pytest.mark.parametrize(
        ("since", "until", "expected"),
        [
            (at(2026, 1, 5), at(2026, 1, 6), [5]),
            (at(2026, 1, 5, 23, 59), at(2026, 1, 6, 0, 0, 1), [5, 6]),
            (at(2026, 1, 5), at(2026, 1, 5, 0, 0, 0, 1), [5]),
            (at(2026, 1, 31), at(2026, 2, 2), [31, 1]),
            (datetime(2026, 1, 5, tzinfo=timezone(timedelta(hours=3))), at(2026, 1, 5, 1), [4, 5]),
        ],
    )
    def test_days_are_whole(self, since: datetime, until: datetime, expected: list[int]) -> None:
        assert days(since, until) == expected

    def test_oldest_day_first_then_by_project(self) -> None:
        windows = list(windows_between(["b", "a", "b"], at(2026, 1, 5), at(2026, 1, 7)))
        assert [(window.day.day, window.project_id) for window in windows] == [
            (5, "b"),
            (5, "a"),
            (6, "b"),
            (6, "a"),
        ]

    @given(st.tuples(MOMENTS, MOMENTS).map(sorted), MOMENTS)
    def test_each_moment_of_the_span_is_in_one_window(
        self, span: list[datetime], moment: datetime
    ) -> None:
        since, until = span
        if since == until:
            return
        windows = list(windows_between(["p"], since, until))
        holders = [window for window in windows if window.has(moment)]
        assert len(holders) <= 1
        assert bool(holders) or not since <= moment < until
        assert windows[0].has(since)
        assert windows[-1].start < until <= windows[-1].end
        assert all(one.end == other.start for one, other in pairwise(windows))


class TestEndsOfTime:
    """Years in which there was no service, and those that no clock has come to, ask for nothing."""

    @pytest.mark.parametrize("since", [datetime.min.replace(tzinfo=UTC), at(1970, 1, 1)])
    def test_a_span_begins_no_earlier_than_the_service(self, since: datetime) -> None:
        windows = list(windows_between(["p"], since, at(2020, 1, 3)))
        assert [window.day for window in windows] == [date(2020, 1, 1), date(2020, 1, 2)]

    @pytest.mark.parametrize("until", [at(1, 1, 2), at(2019, 12, 31), at(2020, 1, 1)])
    def test_a_span_before_the_service_is_refused(self, until: datetime) -> None:
        with pytest.raises(InvalidArgumentError, match="until must be after 2020-01-01"):
            windows_between(["p"], datetime.min.replace(tzinfo=UTC), until)

    def test_every_window_has_an_end(self) -> None:
        with pytest.raises(InvalidArgumentError, match="until is out of range"):
            windows_between(["p"], at(2026, 1, 1), datetime.max.replace(tzinfo=UTC))
        *_, last = windows_between(["p"], at(9999, 12, 30), at(9999, 12, 31))
        assert last.end == at(9999, 12, 31)

    @pytest.mark.parametrize(
        "until",
        [
            at(2027, 1, 2, 0, 0, 1),
            datetime.max.replace(tzinfo=UTC) - timedelta(days=1),
            datetime(9998, 1, 1, tzinfo=timezone(timedelta(hours=-23))),
        ],
    )
    def test_spans_far_in_the_future_are_refused(self, until: datetime) -> None:
        with pytest.raises(InvalidArgumentError, match="until must be at most 366 days ahead"):
            check_not_far_ahead(until, now=at(2026, 1, 1))
        check_not_far_ahead(at(2027, 1, 2), now=at(2026, 1, 1))


class TestRefusals:
    @pytest.mark.parametrize(
        ("since", "until", "message"),
        [
            (datetime(2026, 1, 5), at(2026, 1, 6), "since must have a time zone"),  # noqa: DTZ001
            (at(2026, 1, 5), datetime(2026, 1, 6), "until must have a time zone"),  # noqa: DTZ001
            (at(2026, 1, 6), at(2026, 1, 5), "until must be after since"),
            (at(2026, 1, 5), at(2026, 1, 5), "until must be after since"),
            (date(2026, 1, 5), at(2026, 1, 6), "since must be a datetime"),
            (at(2026, 1, 5), "2026-01-06", "until must be a datetime"),
            (
                datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
                at(2026, 1, 6),
                "since is out of range",
            ),
        ],
    )
    def test_of_moments(self, since: Any, until: Any, message: str) -> None:
        with pytest.raises(InvalidArgumentError, match=message):
            windows_between(["p"], since, until)

    @pytest.mark.parametrize(
        ("projects", "message"),
        [
            ([], "projects must have at least 1 item"),
            ("p", "projects must be a sequence of str, not a single str"),
            (["p", "a/b"], r"projects\[1\] must be one path segment"),
            ([".."], r"projects\[0\] must be one path segment"),
            (["p", ""], r"projects\[1\] must not be empty"),
            ([None], r"projects\[0\] must be a str"),
        ],
    )
    def test_of_projects(self, projects: Any, message: str) -> None:
        with pytest.raises(InvalidArgumentError, match=message):
            windows_between(projects, at(2026, 1, 5), at(2026, 1, 6))
