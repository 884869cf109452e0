"""What a server says about its rate: the headers, and everything they may be instead."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from currents_async._wire.throttle import requested_wait

BOTH = pytest.mark.parametrize("throttled", [True, False])
WALL = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
HALF_A_MINUTE_LATER = "Thu, 01 Jan 2026 00:00:30 GMT"
GARBAGE = [
    "",
    " ",
    "soon",
    "-1",
    "-0.5",
    "+5",
    "1e3",
    "0x10",
    "inf",
    "nan",
    "5s",
    "5, 6",
    "5 6",
    ".5",
    "5.",
    "1_000",
    "٣",
    "86401",
    "999999999999",
    "9" * 400,
    "null",
    "Thu, 32 Jan 2026 00:00:00 GMT",
    "Thu, 01 Jan 2026 25:00:00 GMT",
    "Thu, 01 Jan 999999999999 00:00:00 GMT",
    "Thu, 01 Foo 2026 00:00:00 GMT",
    "Wed, 31 Dec 2025 23:59:59 GMT",  # past
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Sat, 03 Jan 2026 00:00:00 GMT",  # two days
]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("007", 7),
        ("1.5", 1.5),
        ("  2\t", 2),
        ("86400", 86_400),
        (DATE, 0),
        (HALF_A_MINUTE_LATER, 30),
        ("Thu, 01 Jan 2026 00:00:30 +0000", 30),
        ("Thu, 01 Jan 2026 00:00:30 -0000", 30),
        ("Thu, 01 Jan 2026 01:00:30 +0100", 30),
        ("Thu, 01 Jan 2026 00:00:30 UTC", 30),
        ("Thursday, 01-Jan-26 00:00:30 GMT", 30),
        ("Thu Jan  1 00:00:30 2026", 30),
        ("Fri, 02 Jan 2026 00:00:00 GMT", 86_400),
        *((value, None) for value in GARBAGE),
    ],
)
class TestRetryAfter:
    @BOTH
    def test_against_the_date_of_the_answer(
        self, value: str, seconds: float | None, *, throttled: bool
    ) -> None:
        headers = CIMultiDict({"Retry-After": value, "Date": DATE})
        assert requested_wait(headers, WALL + 12_345, throttled=throttled) == seconds

    def test_against_our_own_clock(self, value: str, seconds: float | None) -> None:
        headers = CIMultiDict({"retry-after": value})
        assert requested_wait(headers, WALL, throttled=True) == seconds

    @pytest.mark.parametrize("date", ["", "yesterday", "Thu, 32 Jan 2026 00:00:00 GMT"])
    def test_with_garbage_for_a_date(self, value: str, seconds: float | None, date: str) -> None:
        headers = CIMultiDict({"Retry-After": value, "Date": date})
        assert requested_wait(headers, WALL, throttled=True) == seconds

    def test_it_comes_before_the_reset(self, value: str, seconds: float | None) -> None:
        headers = CIMultiDict({
            "Retry-After": value,
            "X-RateLimit-Reset": str(int(WALL) + 5),
            "Date": DATE,
        })
        wait = 5 if seconds is None else seconds
        assert requested_wait(headers, WALL, throttled=True) == wait
        assert requested_wait(headers, WALL, throttled=False) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (str(int(WALL)), 0),
        (str(int(WALL) + 42), 42),
        (f"{int(WALL)}.25", 0.25),
        (str(int(WALL) + 86_400), 86_400),
        (str(int(WALL) + 86_401), None),
        (str(int(WALL) - 1), None),
        ("30", 30),  # as an epoch it is long past, and some services mean seconds
        ("0", 0),
        ("86400", 86_400),
        ("86401", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        (str(int(WALL) * 1000), None),
        (DATE, None),
    ],
)
class TestReset:
    def test_against_the_date_of_the_answer(self, value: str, seconds: float | None) -> None:
        headers = CIMultiDict({"X-RateLimit-Reset": value, "Date": DATE})
        assert requested_wait(headers, WALL - 12_345, throttled=True) == seconds

    def test_against_our_own_clock(self, value: str, seconds: float | None) -> None:
        headers = CIMultiDict({"x-ratelimit-reset": value})
        assert requested_wait(headers, WALL, throttled=True) == seconds

    def test_of_an_answer_that_is_no_throttle(self, value: str, seconds: float | None) -> None:
        headers = CIMultiDict({"X-RateLimit-Reset": value, "Date": DATE})
        assert requested_wait(headers, WALL, throttled=False) is None


@BOTH
def test_nothing_is_asked(*, throttled: bool) -> None:
    assert requested_wait(CIMultiDict({"Date": DATE}), WALL, throttled=throttled) is None


# Of one byte: with digits that are none, and without the tables of all of Unicode.
headers = st.text(st.characters(codec="latin-1"), max_size=40)


@given(headers, headers, headers)
def test_any_text_is_a_wait_or_none(retry_after: str, reset: str, date: str) -> None:
    headers = {"Retry-After": retry_after, "X-RateLimit-Reset": reset, "Date": date}
    wait = requested_wait(headers, WALL, throttled=True)
    assert wait is None or 0 <= wait <= 86_400


@given(st.integers(0, 86_400), st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis wants them naive
def test_any_date_is_measured_against_any_other(seconds: int, now: datetime) -> None:
    sent = now.replace(microsecond=0, tzinfo=UTC)
    until = datetime.fromtimestamp(sent.timestamp() + seconds, UTC)
    headers = {
        "Retry-After": format_datetime(until, usegmt=True),
        "Date": format_datetime(sent, usegmt=True),
    }
    assert requested_wait(headers, WALL, throttled=False) == seconds
