"""What a server says about its rate limit: the headers, and everything they may be instead."""

import base64
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from currents_async import RateLimit
from currents_async._wire.rate_limits import Allowance, _items, rate_limit
from currents_async.testing.limiters import (
    AllOf,
    ConcurrencyLimit,
    FixedWindow,
    Limiter,
    RateHeaders,
    Says,
    TokenBucket,
)

WALL = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


def at(second: int) -> datetime:
    return datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)


def known(headers: Mapping[str, str]) -> RateLimit | None:
    """Return what is said, as the user sees it."""
    found = rate_limit(CIMultiDict(headers), WALL)
    return found[0]


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """Return what is said, as far as the rate limiter goes by it."""
    found = rate_limit(CIMultiDict(headers), WALL)
    return found[1]


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "expected"),
    [
        (None, None, None, None),
        (None, None, "1767225600", None),
        ("100", None, None, RateLimit(limit=100)),
        (None, "0", None, RateLimit(remaining=0)),
        ("100", "99", "1767225600", RateLimit(limit=100, remaining=99, reset=at(0))),
        ("100", "99", "30", RateLimit(limit=100, remaining=99, reset=at(30))),
        ("100", "99", "soon", RateLimit(limit=100, remaining=99)),
        ("100", "99", "-1", RateLimit(limit=100, remaining=99)),
        ("100", "99", "999999999999", RateLimit(limit=100, remaining=99)),
        ("many", "-1", "1767225600", None),
        ("many", "7", None, RateLimit(remaining=7)),
        (" 100 ", "99.9", None, RateLimit(limit=100, remaining=99)),
        ("9" * 400, "7", None, RateLimit(remaining=7)),
    ],
)
@pytest.mark.parametrize("prefix", ["X-RateLimit-", "x-ratelimit-"])
def test_x_ratelimit(
    prefix: str,
    limit: str | None,
    remaining: str | None,
    reset: str | None,
    expected: RateLimit | None,
) -> None:
    stated = {"Limit": limit, "Remaining": remaining, "Reset": reset}
    headers = {f"{prefix}{name}": value for name, value in stated.items() if value is not None}
    assert known(headers) == expected


def test_resets_are_measured_by_the_clock_of_the_server() -> None:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "7",
        "X-RateLimit-Reset": "1767225630",
        "Date": DATE,
    }
    found = rate_limit(headers, WALL + 12_345)
    assert found == (
        RateLimit(limit=100, remaining=7, reset=at(30)),
        Allowance(100, 7, 30, None),
    )


@pytest.mark.parametrize(
    ("headers", "expected", "per"),
    [
        # Draft 11, and the structured fields since the ninth.
        (
            {"RateLimit-Policy": '"default";q=100;w=60', "RateLimit": '"default";r=50;t=30'},
            RateLimit(limit=100, remaining=50, reset=at(30), window=60),
            60,
        ),
        # The seventh, a dictionary.
        (
            {"RateLimit-Policy": "100;w=60", "RateLimit": "limit=100, remaining=50, reset=30"},
            RateLimit(limit=100, remaining=50, reset=at(30), window=60),
            60,
        ),
        (
            {"RateLimit": "limit=100, remaining=50, reset=30"},
            RateLimit(limit=100, remaining=50, reset=at(30)),
            None,
        ),
        # The sixth and earlier ones, as numbers.
        (
            {
                "RateLimit-Policy": "100;w=60",
                "RateLimit-Limit": "100",
                "RateLimit-Remaining": "50",
                "RateLimit-Reset": "30",
            },
            RateLimit(limit=100, remaining=50, reset=at(30), window=60),
            60,
        ),
        (
            {
                "RateLimit-Limit": "100, 100;w=60",
                "RateLimit-Remaining": "50",
                "RateLimit-Reset": "30",
            },
            RateLimit(limit=100, remaining=50, reset=at(30)),
            None,
        ),
        # The window is that of the limit, wherever its policy stands.
        (
            {
                "RateLimit-Policy": "10;w=1, 100;w=60, 1000;w=3600",
                "RateLimit-Limit": "100",
                "RateLimit-Remaining": "50",
                "RateLimit-Reset": "30",
            },
            RateLimit(limit=100, remaining=50, reset=at(30), window=60),
            60,
        ),
        (
            {
                "RateLimit-Policy": "10;w=1, 20;w=2",
                "RateLimit-Limit": "100",
                "RateLimit-Remaining": "50",
                "RateLimit-Reset": "30",
            },
            RateLimit(limit=100, remaining=50, reset=at(30)),
            None,
        ),
    ],
)
def test_ietf_fields(headers: dict[str, str], expected: RateLimit, per: float | None) -> None:
    assert rate_limit(headers, WALL) == (expected, Allowance(100, 50, 30, per))


def test_of_several_limits_the_one_with_the_smallest_share_left_counts() -> None:
    policy = '"second";q=50;w=1, "minute";q=1000;w=60'
    for limits, expected in [
        ('"second";r=10;t=1, "minute";r=900;t=20', Allowance(50, 10, 1, 1)),
        ('"second";r=10;t=1, "minute";r=100;t=20', Allowance(1000, 100, 20, 60)),
    ]:
        assert allowance({"RateLimit-Policy": policy, "RateLimit": limits}) == expected


def test_limits_of_anything_but_requests_are_left_out() -> None:
    headers = {
        "RateLimit-Policy": (
            '"bytes";q=1000000;qu="content-bytes";w=60, "at once";q=8;qu="concurrent-requests", '
            '"minute";q=1000;qu="requests";w=60'
        ),
        "RateLimit": '"bytes";r=1;t=9, "at once";r=0, "minute";r=900;t=20',
    }
    assert allowance(headers) == Allowance(1000, 900, 20, 60)


def test_the_newest_form_comes_first() -> None:
    old = {f"X-RateLimit-{key}": "1" for key in ("Limit", "Remaining", "Reset")}
    middle = {f"RateLimit-{key}": "2" for key in ("Limit", "Remaining", "Reset")}
    new = {"RateLimit": '"a";r=3;t=3', "RateLimit-Policy": '"a";q=3'}
    assert allowance(old) == Allowance(1, 1, 1, None)
    assert allowance(old | middle) == Allowance(2, 2, 2, None)
    assert allowance(old | middle | new) == Allowance(3, 3, 3, None)


@pytest.mark.parametrize(
    "limits",
    [
        "",
        ",",
        "garbage",
        '"a"',
        '"a";r',
        '"a";r=',
        '"a";r=-1;t=3',
        '"a";r=many;t=3',
        '"a";r=1e3;t=3',
        '"a;r=1;t=3',
        '"a"; r=1"',
        "(1 2);r=1",
        '"a";R=1',
        "limit=many",
        "\x00\xff",
    ],
)
def test_garbage_says_nothing(limits: str) -> None:
    headers = {"RateLimit": limits, "RateLimit-Policy": '"a";q=10;w=60'}
    assert rate_limit(headers, WALL) == (None, None)


def test_garbage_beside_a_limit_does_not_hide_it() -> None:
    headers = {"RateLimit": '"a";r=-1;t=3, "b";r=5;t=3', "RateLimit-Policy": '"a";q=9, "b";q=10'}
    assert allowance(headers) == Allowance(10, 5, 3, None)


@pytest.mark.parametrize(
    ("policies", "limits"),
    [
        ('"a";q=10;w=60', '"b";r=5;t=3'),  # which policy?
        ('"a";q=0;w=60', '"a";r=0;t=3'),
        ('"a";q=-10;w=60', '"a";r=5;t=3'),
        ('"a";q=10;w=60', '"a";r=11;t=3'),  # more than all of it
        ('"a";q=10;w=60', '"a";r=5'),
        ('"a";q=10;w=60', '"a";r=5;t=-3'),
        ('"a";q=10;w=60', '"a";r=5;t=999999999999'),
        ('"a";q=10;w=60', '"a";r=5;t=86401'),
        ("", '"a";r=5;t=3'),
        ('"a', '"a";r=5;t=3'),
    ],
)
def test_what_is_contradictory_or_absurd_is_nothing_to_go_by(policies: str, limits: str) -> None:
    assert allowance({"RateLimit": limits, "RateLimit-Policy": policies}) is None


@pytest.mark.parametrize("window", ["0", "-1", "soon", "1e9", "?1", "@1767225600", '"60"'])
def test_a_window_that_cannot_be_is_left_out(window: str) -> None:
    headers = {"RateLimit": '"a";r=5;t=3', "RateLimit-Policy": f'"a";q=10;w={window}'}
    assert allowance(headers) == Allowance(10, 5, 3, None)


@pytest.mark.parametrize(
    ("limit", "remaining", "is_spent"),
    [
        (50, 0, True),
        (50, 1, True),
        (50, 2, False),
        (1000, 20, True),
        (1000, 21, False),
        (1, 1, True),
    ],
)
def test_hardly_anything_is_as_good_as_nothing(limit: int, remaining: int, is_spent: bool) -> None:  # noqa: FBT001
    """Other requests may have taken the rest meanwhile."""
    assert Allowance(limit, remaining, 1, None).is_spent is is_spent


anything = st.text(st.characters(codec="latin-1"), max_size=60)


@given(
    st.dictionaries(
        st.sampled_from([
            "RateLimit",
            "RateLimit-Policy",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            "Date",
        ]),
        anything | st.text('"abrtqw=;,. -0123456789', max_size=60),
    ),
    st.floats(0, 1e10),
)
def test_any_text_is_a_sensible_limit_or_none(headers: dict[str, str], wall: float) -> None:
    found = rate_limit(headers, wall)
    if found[1] is None:
        return
    limit, remaining, reset, per = found[1]
    assert 0 <= remaining <= limit
    assert limit > 0
    assert 0 <= reset <= 86_400
    assert per is None or per > 0


# --- structured fields, beside a parser of RFC 9651 that others wrote

keys = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,5}", fullmatch=True)
integers = st.integers(-(10**15) + 1, 10**15 - 1)
decimals = st.integers(-(10**9), 10**9).map(lambda thousandths: f"{thousandths / 1000:.3f}")
printable = st.text(string.digits + string.ascii_letters + string.punctuation + " ", max_size=8)
strings = printable.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
tokens = st.from_regex(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}", fullmatch=True)
byte_strings = st.binary(max_size=8).map(lambda data: f":{base64.b64encode(data).decode()}:")
dates = st.integers(0, 2**33).map(lambda seconds: f"@{seconds}")
bare = (
    integers.map(str) | decimals | strings | tokens | byte_strings | st.sampled_from(["?0", "?1"])
)
parameters = st.lists(
    st.builds(
        lambda spaces, key, value: f";{spaces}{key}" + ("" if value is None else f"={value}"),
        st.sampled_from(["", " ", "  "]),
        keys,
        st.none() | bare | dates,
    ),
    max_size=4,
).map("".join)
items = st.builds(str.__add__, bare | dates, parameters)
lists = st.builds(
    lambda gap, items: gap.join(items),
    st.sampled_from([",", ", ", " ,", "\t,\t"]),
    st.lists(items, max_size=4),
)


@given(lists)
def test_lists_are_read_as_by_another_parser(field: str) -> None:
    http_sf: Any = pytest.importorskip("http_sf")
    expected = http_sf.parse(field.encode(), tltype="list")
    found = list(_items(field))
    assert len(found) == len(expected)
    for (name, ours), (value, theirs) in zip(found, expected, strict=True):
        if type(value) is str:
            assert name[1:-1].replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\") == value
        elif type(value) is int:
            assert int(name) == value
        assert ours.keys() == theirs.keys()
        for key, parameter in theirs.items():
            if type(parameter) is bool:
                assert ours[key] in {"", f"?{parameter:d}"}
            elif type(parameter) is int:
                assert int(ours[key]) == parameter


@given(st.text(' \t"\\;,=abr0.-?:@%()', max_size=24))
def test_what_another_parser_refuses_ends_the_list(field: str) -> None:
    """We may read what comes before the mistake, and take spaces easily, but raise nothing."""
    http_sf: Any = pytest.importorskip("http_sf")
    found = list(_items(field))
    try:
        expected = http_sf.parse(field.encode(), tltype="list")
    except ValueError:
        return
    if "(" not in field and "%" not in field:
        assert len(found) == len(expected)


# --- what the models of limiters say

SAID: list[RateHeaders] = ["x-ratelimit", "x-ratelimit-seconds", "ratelimit", "ratelimit-draft"]


@pytest.mark.parametrize("headers", SAID)
@pytest.mark.parametrize(
    ("limiter", "limit", "per"),
    [
        (lambda says: FixedWindow(requests=50, per=10, says=says), 50, 10),
        (lambda says: TokenBucket(rate=10, burst=50, says=says), 50, 5),
        (
            lambda says: AllOf(
                limiters=[FixedWindow(requests=500, per=1), FixedWindow(requests=50, per=60)],
                says=says,
            ),
            50,
            60,
        ),
        (
            lambda says: AllOf(
                limiters=[ConcurrencyLimit(requests=1), FixedWindow(requests=50, per=60)], says=says
            ),
            50,
            60,
        ),
    ],
)
def test_models(limiter: Any, limit: int, per: float, headers: RateHeaders) -> None:
    model: Limiter = limiter(Says(headers=headers))
    decision = model.meter().arrive(WALL)
    said = allowance(decision.headers)
    assert said is not None
    assert (said.limit, said.remaining) == (limit, limit - 1)
    assert 0 < said.reset <= per
    assert said.per == (None if headers.startswith("x-") else per)
