import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from currents_async._checks import (
    check_aware,
    check_branch,
    check_choices,
    check_flag,
    check_int,
    check_positive,
    check_prose,
    check_seconds,
    check_text,
    check_texts,
    check_timeout,
    check_type,
    is_header_name,
)
from currents_async.errors import InvalidArgumentError


@pytest.mark.parametrize("value", ["main", "release/*", "a", "feat/x-1_2.3", "x" * 250])
def test_branches(value: str) -> None:
    assert check_branch("branch", value) == value


@pytest.mark.parametrize("value", ["*", "a*b", "a**", "*a", "two words", "ä", "", "x" * 251])
def test_invalid_branch_filters(value: str) -> None:
    with pytest.raises(InvalidArgumentError, match="branch"):
        check_branch("branch", value)


def test_a_string_is_not_a_sequence_of_strings() -> None:
    with pytest.raises(InvalidArgumentError, match="sequence of str, not a single str"):
        check_texts("tags", "nightly")


@pytest.mark.parametrize("value", [None, 5, Path("a.log")])
def test_what_is_no_sequence(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"sequence of str, not \w+$"):
        check_texts("tags", value)


@pytest.mark.parametrize("count", [0, 64])
def test_bounds_of_a_list(count: int) -> None:
    with pytest.raises(InvalidArgumentError, match=f"1 to 63 items, not {count}"):
        check_texts("machine_ids", ["m"] * count, min_items=1, max_items=63)


def test_the_item_that_is_wrong_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"tags\[1\] must not be empty"):
        check_texts("tags", ["a", ""])


def test_emoji_of_several_code_points_are_text() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    assert check_text("tag", family) == family


@pytest.mark.parametrize("text", ["", " ", "two\nlines\r\n\t", "\x00", "😀", "x" * 5])
def test_prose(text: str) -> None:
    assert check_prose("comment", text, max_length=12) == text


@pytest.mark.parametrize("text", ["\udfff", "x" * 6, 1, None, b"x"])
def test_invalid_prose(text: object) -> None:
    with pytest.raises(InvalidArgumentError, match="comment must"):
        check_prose("comment", text, max_length=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_long_text_is_not_shown() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^url must have at most 2,048 characters$"):
        check_text("url", "\n" + "x" * 2048, max_length=2048)


def test_choices() -> None:
    assert check_choices("events", ("b", "a"), ["a", "b"]) == ["b", "a"]
    with pytest.raises(InvalidArgumentError, match=r"events\[1\] must be one of a, b, not 'c'"):
        check_choices("events", ["a", "c"], ["a", "b"])


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_invalid_booleans(value: object) -> None:
    assert check_flag("f", True) is True  # noqa: FBT003 - the value is what is checked
    with pytest.raises(InvalidArgumentError, match="f must be a bool"):
        check_flag("f", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "1", None])
def test_invalid_integers(value: object) -> None:
    assert check_int("n", 10**400) == 10**400
    with pytest.raises(
        InvalidArgumentError, match=f"^n must be a positive integer, not {value!r}$"
    ):
        check_int("n", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("value", "min_value", "max_value", "bounds"),
    [
        (-1, 0, None, "an integer of at least 0"),
        (0, 1, 100, "an integer from 1 to 100"),
        (10_001, 1, 10_000, "an integer from 1 to 10,000"),
    ],
)
def test_integers_out_of_range(
    value: int, min_value: int, max_value: int | None, bounds: str
) -> None:
    assert check_int("n", min_value, min_value=min_value, max_value=max_value) == min_value
    with pytest.raises(InvalidArgumentError, match=f"^n must be {bounds}, not {value}$"):
        check_int("n", value, min_value=min_value, max_value=max_value)


@pytest.mark.parametrize("value", [0, -0.5, math.nan, True, "1", None, math.inf, 10**400])
def test_invalid_numbers_of_seconds(value: object) -> None:
    assert check_seconds("timeout", 0.5) == 0.5
    message = "^timeout must be a positive number of seconds, not "
    with pytest.raises(InvalidArgumentError, match=message):
        check_seconds("timeout", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_timeouts_may_be_infinite() -> None:
    assert check_timeout("timeout", math.inf) == math.inf
    assert check_timeout("timeout", 3) == 3
    with pytest.raises(InvalidArgumentError, match="not nan"):
        check_timeout("timeout", math.nan)
    with pytest.raises(InvalidArgumentError, match="timeout must be a positive number of seconds"):
        check_timeout("timeout", 10**400)


def test_a_bound_is_named() -> None:
    assert check_positive("rate", 1, max_value=1) == 1
    with pytest.raises(
        InvalidArgumentError, match=r"^rate must be a positive number up to 1, not 2$"
    ):
        check_positive("rate", 2, max_value=1)


def test_datetimes_have_a_time_zone() -> None:
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    assert check_aware("since", moment) == moment
    with pytest.raises(InvalidArgumentError, match="since must have a time zone, such as tzinfo="):
        check_aware("since", moment.replace(tzinfo=None))


def test_datetimes_of_other_libraries_become_plain() -> None:
    """Theirs have days of their own, which cannot be encoded: those of Airflow are pendulum's."""
    moment = cast("datetime", pd.Timestamp("2026-10-01T02:30", tz="Europe/Berlin"))
    plain = check_aware("since", moment)
    assert type(plain) is datetime
    assert plain == moment
    with pytest.raises(InvalidArgumentError, match="since must be a datetime, not NaT"):
        check_aware("since", cast("datetime", pd.NaT))


def test_the_second_time_that_an_hour_passes_stays_the_second() -> None:
    moment = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    assert check_aware("since", moment).utcoffset() == timedelta(hours=1)


def test_types_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^n must be an int, not str$"):
        check_type("n", "1", int)
    with pytest.raises(InvalidArgumentError, match=r"^n must be a float, not int$"):
        check_type("n", 1, float)


@pytest.mark.parametrize(
    ("name", "is_one"), [("X-Secret", True), ("", False), ("a b", False), ("ä", False), (1, False)]
)
def test_names_of_headers(name: object, is_one: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_header_name(name) is is_one
