"""Requests that the API has no operation for, and the operation that was probably meant."""

from difflib import SequenceMatcher
from typing import NamedTuple

from currents_async.testing._serving.operations import ROUTES
from currents_async.testing._serving.requests import RecordedRequest

_PARAMETER = 0.6
"""How well any text fits a parameter of a path: worse than a word that is right."""
_METHOD = 0.05


class NearMiss(NamedTuple):
    """The operation that is nearest to a request."""

    operation: str
    method: str
    path: str
    difference: list[str]


def near_miss(request: RecordedRequest) -> NearMiss:
    """Find the operation that differs least from a request, and how it differs."""
    found = _own(request) if request.operation else max(_all(), key=lambda one: _fit(request, one))
    difference = [*_differences(request, found), *_unknown(request)]
    return found._replace(difference=difference or ["the path must begin with /v1"])


def is_unmatched(request: RecordedRequest) -> bool:
    """Return whether the API has no operation, or no parameter, that a request asks for."""
    return request.operation is None or bool(request.unknown)


def _all() -> list[NearMiss]:
    return [NearMiss(one.operation, one.method, one.path, []) for one, _ in ROUTES]


def _own(request: RecordedRequest) -> NearMiss:
    return next(one for one in _all() if one.operation == request.operation)


def _fit(request: RecordedRequest, found: NearMiss) -> float:
    pairs = [*zip(_segments(request.path), _segments(found.path), strict=False)]
    longest = max(len(_segments(request.path)), len(_segments(found.path)), 1)
    total = sum(
        _PARAMETER if right.startswith("{") else SequenceMatcher(None, sent, right).ratio()
        for sent, right in pairs
    )
    return total / longest + (_METHOD if request.method == found.method else 0)


def _differences(request: RecordedRequest, found: NearMiss) -> list[str]:
    sent, right = _segments(request.path), _segments(found.path)
    said = (
        [] if request.method == found.method else [f"method {found.method}, not {request.method}"]
    )
    if len(sent) != len(right):
        said.append(f"path {found.path}, not {request.path}")
        return said
    pairs = zip(sent, right, strict=True)
    wrong = [(one, other) for one, other in pairs if one != other and not other.startswith("{")]
    return said + [f"path segment {other!r}, not {one!r}" for one, other in wrong]


def _unknown(request: RecordedRequest) -> list[str]:
    return [
        f"no parameter {name!r}" + ("" if nearest is None else f": {nearest!r} is one")
        for name, nearest in request.unknown.items()
    ]


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
