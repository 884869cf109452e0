from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire.query import (
    check_branch,
    check_text,
    check_texts,
    encode_query,
    path_segment,
)
from currents_async.errors import InvalidArgumentError

sendable = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1
).filter(lambda text: not text.isspace() and text not in {".", ".."})


@given(sendable)
def test_an_id_is_one_segment(value: str) -> None:
    segment = path_segment("run_id", value)
    assert not set(segment) & set("/?#&\\ \n")
    assert unquote(segment) == value


@pytest.mark.parametrize(
    "value", ["", " ", "a/b", "/", "..", ".", "a\\b", "a\nb", "a\x00", "\x7f", "\x85", "\ud800"]
)
def test_what_is_no_id(value: str) -> None:
    with pytest.raises(InvalidArgumentError, match="run_id"):
        path_segment("run_id", value)


@pytest.mark.parametrize("value", [None, 7, b"abc", ["a"]])
def test_an_id_of_another_type(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="must be a str, not"):
        path_segment("run_id", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@given(st.lists(st.tuples(sendable, sendable)))
def test_a_query_survives(query: list[tuple[str, str]]) -> None:
    assert parse_qsl(encode_query(query)) == query


def test_brackets_spaces_and_order() -> None:
    query = [("tags[]", "a b"), ("projectId", "p+q"), ("tags[]", "ü&=")]
    assert encode_query(query) == "tags%5B%5D=a%20b&projectId=p%2Bq&tags%5B%5D=%C3%BC%26%3D"


@pytest.mark.parametrize("value", ["main", "release/*", "a", "feat/x-1_2.3", "x" * 250])
def test_branches(value: str) -> None:
    assert check_branch("branch", value) == value


@pytest.mark.parametrize("value", ["*", "a*b", "a**", "*a", "two words", "ä", "", "x" * 251])
def test_what_is_no_branch_filter(value: str) -> None:
    with pytest.raises(InvalidArgumentError, match="branch"):
        check_branch("branch", value)


def test_one_string_is_no_sequence_of_strings() -> None:
    with pytest.raises(InvalidArgumentError, match="sequence of str, not one str"):
        check_texts("tags", "nightly")


@pytest.mark.parametrize("count", [0, 64])
def test_bounds_of_a_list(count: int) -> None:
    with pytest.raises(InvalidArgumentError, match=f"1 to 63 items, not {count}"):
        check_texts("machine_ids", ["m"] * count, fewest=1, most=63)


def test_the_item_that_is_wrong_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"tags\[1\] must not be empty"):
        check_texts("tags", ["a", ""])


def test_emoji_of_several_code_points_are_text() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    assert check_text("tag", family) == family
