import pytest

from currents_async._error_words import in_words
from currents_async.errors import (
    CurrentsError,
    DecodeError,
    InvalidArgumentError,
    NotFoundError,
    TransportError,
)

URL = "https://api.currents.dev/v1/runs/r"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            NotFoundError(
                "no such run", operation="getRun", method="GET", url=URL, status=404, request_id="q"
            ),
            f"no such run (HTTP 404, GET {URL}, request q)",
        ),
        (
            TransportError("cut off", operation="getRun", method="GET", url=URL),
            f"cut off (GET {URL})",
        ),
        (
            DecodeError("no JSON", operation="getRun", method="GET", url=URL, path="$"),
            f"no JSON (GET {URL})",
        ),
        (InvalidArgumentError("run_id must not be empty"), "run_id must not be empty"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_wrong_comes_first(error: CurrentsError, words: str) -> None:
    assert in_words(error) == words
