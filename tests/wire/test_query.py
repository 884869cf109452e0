from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire.endpoint import encode_query, path_segment
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
def test_invalid_ids(value: str) -> None:
    with pytest.raises(InvalidArgumentError, match="run_id"):
        path_segment("run_id", value)


@pytest.mark.parametrize("value", [None, 7, b"abc", ["a"]])
def test_ids_must_be_text(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="must be a str, not"):
        path_segment("run_id", value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@given(st.lists(st.tuples(sendable, sendable)))
def test_a_query_survives(query: list[tuple[str, str]]) -> None:
    assert parse_qsl(encode_query(query)) == query


def test_brackets_spaces_and_order() -> None:
    query = [("tags[]", "a b"), ("projectId", "p+q"), ("tags[]", "ü&=")]
    assert encode_query(query) == "tags%5B%5D=a%20b&projectId=p%2Bq&tags%5B%5D=%C3%BC%26%3D"
