import pytest
from msgspec import UNSET

from currents_async._wire.fields import (
    Fields,
    check_changes,
    check_prose,
    given,
)
from currents_async._wire.filters import check_choices
from currents_async._wire.query import check_flag
from currents_async.errors import InvalidArgumentError


def test_order_and_what_is_left_out() -> None:
    fields = Fields().put("b", 1, str).put("a", UNSET, str).put_or_null("c", None, str)
    fields.put_or_null("d", UNSET, str).put_or_null("e", 2, str).put("f", given(None), str)
    assert list(fields.body.items()) == [("b", "1"), ("c", None), ("e", "2")]


@pytest.mark.parametrize("value", [0, "", False, ()])
def test_what_is_false_is_given(value: object) -> None:
    assert given(value) is value


def test_changes() -> None:
    assert check_changes({"a": None}) == {"a": None}
    with pytest.raises(InvalidArgumentError, match="at least one field"):
        check_changes({})


@pytest.mark.parametrize("text", ["", " ", "two\nlines\r\n\t", "\x00", "😀", "x" * 5])
def test_prose(text: str) -> None:
    assert check_prose("comment", text, longest=12) == text


@pytest.mark.parametrize("text", ["\udfff", "x" * 6, 1, None, b"x"])
def test_what_is_no_prose(text: object) -> None:
    with pytest.raises(InvalidArgumentError, match="comment must"):
        check_prose("comment", text, longest=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_choices() -> None:
    assert check_choices("events", ("b", "a"), ["a", "b"]) == ["b", "a"]
    with pytest.raises(InvalidArgumentError, match=r"events\[1\] must be one of a, b, not 'c'"):
        check_choices("events", ["a", "c"], ["a", "b"])


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_what_is_no_flag(value: object) -> None:
    assert check_flag("f", True) is True  # noqa: FBT003 - the value is what is checked
    with pytest.raises(InvalidArgumentError, match="f must be a bool"):
        check_flag("f", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
