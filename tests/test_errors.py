import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from currents_async import errors
from currents_async.errors import (
    AmbiguousError,
    APIError,
    CurrentsError,
    DecodeError,
    FileChangedError,
    ResponseTooLargeError,
    StillRunningError,
    TransportError,
)

SENT: dict[str, Any] = {
    "operation": "getRun",
    "method": "GET",
    "url": "https://api.currents.dev/v1/runs/r",
}
PUBLIC = [
    getattr(errors, name) for name in errors.__all__ if name not in {"Candidate", "RequestInfo"}
]


def make(kind: type[CurrentsError]) -> CurrentsError:
    extra: dict[str, Any] = {}
    if issubclass(kind, APIError):
        extra = {"status": 404, "request_id": "q", "retry_after": 1.5, "attempts": 2}
    elif issubclass(kind, DecodeError):
        extra = {"path": "$.data"}
    elif issubclass(kind, ResponseTooLargeError):
        extra = {"limit": 5}
    elif issubclass(kind, AmbiguousError):
        extra = {"error": "what it ended with"}
    elif issubclass(kind, FileChangedError):
        return kind("why", path="a.log")
    elif issubclass(kind, StillRunningError):
        return kind("why", run_id="r")
    about_a_request = issubclass(kind, TransportError) or bool(extra)
    return kind("why", **(SENT if about_a_request else {}), **extra)


@pytest.mark.parametrize("kind", PUBLIC)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles(kind: type[CurrentsError], protocol: int) -> None:
    error = make(kind)
    error.add_note("a note")
    twin = pickle.loads(pickle.dumps(error, protocol))
    assert type(twin) is kind
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)
    assert copy.copy(error).args == error.args


def test_the_drawn_tree_is_the_tree() -> None:
    drawn: list[tuple[str, str]] = []
    path: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        found = re.match(r"^([ │├└─]*)(\w+Error)\b", line)
        if found is None or line.startswith("Every"):
            continue
        del path[len(found[1]) // 4 :]
        if path:
            drawn.append((path[-1], found[2]))
        path.append(found[2])

    def parent(kind: type[CurrentsError]) -> str:
        bases = (base for base in kind.__mro__[1:] if not base.__name__.startswith("_"))
        return next(base.__name__ for base in bases if issubclass(base, CurrentsError))

    expected = {(parent(kind), kind.__name__) for kind in PUBLIC if kind is not CurrentsError}
    assert set(drawn) == expected


def test_errors_are_what_callers_also_catch() -> None:
    assert issubclass(errors.InvalidArgumentError, ValueError)
    assert issubclass(errors.RequestTimeoutError, TimeoutError)
