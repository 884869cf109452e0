from datetime import UTC, datetime, timedelta, timezone
from time import process_time

import pytest

from currents_async._text import counted, duration, in_utc, one_line, readable


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "–"),  # noqa: RUF001
        (0, "0 ms"),
        (999, "999 ms"),
        (4_249, "4.2 s"),
        (59_949, "59.9 s"),
        (59_950, "1 min 0 s"),
        (422_000, "7 min 2 s"),
        (3_840_000, "1 h 4 min"),
    ],
)
def test_durations(milliseconds: int | None, shown: str) -> None:
    assert duration(milliseconds) == shown


def test_short_durations() -> None:
    shown = [duration(ms, short=True) for ms in (850, 4_249, 111_668, 3_840_000)]
    assert shown == ["850ms", "4.2s", "1m 52s", "1h 4m"]


def test_counts() -> None:
    assert [counted(n, "test") for n in (0, 1, 1204)] == ["0 tests", "1 test", "1,204 tests"]
    assert counted(2, "retry", "retries") == "2 retries"


def test_lines() -> None:
    assert one_line("\x1b[2mexpect(\x1b[22ma\n\t b\x07") == "expect(a b\\u0007"
    assert readable("a\r\n\tb\x00") == "a\n\tb\\u0000"
    assert one_line(None) == readable(None) == ""
    assert one_line("x" * 301) == "x" * 300 + " … (301 characters)"
    assert one_line("x" * 9_999).endswith("x … (9,999 characters)")


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("/a.png?w=1&X-Amz-Signature=SECRET", "/a.png?[signature]"),
        ("https://a.example/x#access_token=SECRET", "https://a.example/x#[signature]"),
        ("https://a.example/x?page=1#token=SECRET", "https://a.example/x?[signature]"),
        ("https://me:SECRET@a.example/x", "https://***@a.example/x"),
        ("postgres://me:SE@CRET@db.example:5432", "postgres://***@db.example:5432"),
        ("ssh://git@a.example/x.git#main", "ssh://git@a.example/x.git#main"),
        ("zoe@example.org: is #12 ok?", "zoe@example.org: is #12 ok?"),
    ],
)
def test_secrets_of_urls_are_left_out(secret: str, shown: str) -> None:
    for template in ("{}", "see {} and ({} )", 'goto("{}")'):
        assert readable(template.replace("{}", secret)) == template.replace("{}", shown)


def test_signatures_are_left_out() -> None:
    message = "GET https://s3.example/a.png?X-Amz-Signature=abc&x=1 failed"
    assert readable(message) == "GET https://s3.example/a.png?[signature] failed"


@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002f"])
def test_signatures_are_left_out_of_json(slash: str) -> None:
    url = f"https:{slash}{slash}s3.example{slash}a.png"
    assert readable(f'{{"url": "{url}?a=1&sig=SECRET"}}') == f'{{"url": "{url}?[signature]"}}'


@pytest.mark.parametrize("piece", ["https://a?", "http://a?b", "https://", "https://a?token"])
def test_texts_full_of_addresses_take_little_time(piece: str) -> None:
    started = process_time()
    readable(piece * 50_000 + "?\n")
    assert process_time() - started < 1


def test_times_are_in_utc() -> None:
    east, west = timezone(timedelta(hours=5)), timezone(timedelta(hours=-5))
    assert in_utc(datetime(2026, 1, 5, 12, tzinfo=east)) == datetime(2026, 1, 5, 7, tzinfo=UTC)
    for edge in (datetime.min.replace(tzinfo=east), datetime.max.replace(tzinfo=west)):
        assert in_utc(edge) == edge.replace(tzinfo=UTC)
