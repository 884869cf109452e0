"""Points and spans of time as people write them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from currents_async.cli._moments import read_moment, read_span, read_time
from currents_async.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("now", timedelta()),
        ("0m", timedelta()),
        ("90s", timedelta(seconds=90)),
        ("3h", timedelta(hours=3)),
        ("3 h ago", timedelta(hours=3)),
        ("30 mins ago", timedelta(minutes=30)),
        ("an hour ago", timedelta(hours=1)),
        ("a week ago", timedelta(weeks=1)),
        ("2 weeks ago", timedelta(weeks=2)),
        ("2 Weeks", timedelta(weeks=2)),
        (" 7d ", timedelta(days=7)),
    ],
)
def test_a_span_before_now(text: str, ago: timedelta) -> None:
    read = read_time("--since", text)
    assert abs(datetime.now(UTC) - ago - read) < timedelta(minutes=1)


def test_days() -> None:
    today, yesterday = read_moment("--since", "today"), read_moment("--since", "Yesterday")
    assert not isinstance(today, datetime)
    assert not isinstance(yesterday, datetime)
    assert today - yesterday == timedelta(days=1)
    assert read_moment("--since", "2026-11-01") == date(2026, 11, 1)
    assert read_time("--since", "2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-01-31T18:00Z", "2026-01-31 18:00", "2026-01-31T19:00+01:00"]
)
def test_times(text: str) -> None:
    assert read_moment("--since", text) == datetime(2026, 1, 31, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "ago", "soon", "7", "7y", "2 fortnights", "week", "-1d", "1dd"]
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="--since must be a time such as yesterday"):
        read_time("--since", text)
    with pytest.raises(InvalidArgumentError, match="--window must be a span of time such as"):
        read_span("--window", text)
