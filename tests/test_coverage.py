"""Each operation has everything that belongs to it; `CONTRIBUTING.md` says how to add one."""

import inspect
import pkgutil
import tomllib
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
import pytest

from currents_async import _resources
from currents_async._wire.endpoint import Endpoint
from currents_async.models import CursorPage
from currents_async.testing._serving.operations import ROUTES
from tests.operations import PAGE, ROOT, constants, documented, is_list, operations
from tests.resources.test_requests import ROWS

ENDPOINTS: dict[str, Endpoint[Any]] = {one.operation: one for one in constants().values()}
METHODS = {one.endpoint.operation: one.method for one in operations()}
SERVED = {route.endpoint.operation for route in ROUTES}
REQUESTED = {row.operation for row in ROWS}
SWEPT = (ROOT / "tests/sweep/documents.py").read_text(encoding="utf-8")
LISTED = (ROOT / "tests/testing/test_lists.py").read_text(encoding="utf-8")
TABLE = PAGE.read_text(encoding="utf-8")

ALL = sorted({*documented(), *ENDPOINTS, *METHODS, *SERVED, *REQUESTED})


@pytest.mark.parametrize("operation", ALL)
def test_nothing_is_missing(operation: str) -> None:
    if missing := [*_missing(operation)]:
        pytest.fail("\n- ".join([f"{operation} lacks:", *missing]), pytrace=False)


def test_every_group_is_held_to_know_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = (
        one
        for one in project["tool"]["importlinter"]["contracts"]
        if one["name"] == "Groups of operations know nothing of each other"
    )
    groups = {module.name for module in pkgutil.iter_modules(_resources.__path__)}
    assert {name for name in groups if not name.startswith("_")} == {
        name.rpartition(".")[2] for name in contract["modules"]
    }


def _missing(operation: str) -> Iterator[str]:
    """Name all that an operation lacks, not only the first of it."""
    if operation not in documented():
        yield "its row, not in italics, in docs/api/operations.md"
    yield from _missing_of_the_constant(ENDPOINTS.get(operation))
    yield from _missing_of_the_method(METHODS.get(operation))
    if operation not in SERVED:
        yield "a handler and its Route in testing/_serving/operations/"
    if operation not in REQUESTED:
        yield "a Row in tests/rows/"
    if f'"{operation}"' not in SWEPT:
        yield "a call in tests/sweep/documents.py, then `python -m tests.sweep --write`"


def _missing_of_the_constant(endpoint: Endpoint[Any] | None) -> Iterator[str]:
    if endpoint is None:
        yield "an Endpoint in _resources/"
        return
    if endpoint.returns in {object, Any}:
        yield "a model of the response in models/"
        return
    paged = get_origin(endpoint.returns) is CursorPage
    kind: Any = get_args(endpoint.returns)[0] if paged else endpoint.returns
    msgspec.json.Decoder(kind)  # raises for what cannot be decoded
    if is_list(endpoint) and f'"{endpoint.operation}"' not in LISTED:
        yield "a List in tests/testing/test_lists.py"
    if f"| `{endpoint.method} {endpoint.path}` |" not in TABLE:
        yield "its row in docs/reference/operations.md: `python -m tests.operations --write`"


def _missing_of_the_method(method: Any) -> Iterator[str]:
    if method is None:
        yield "a method in _resources/ that uses this constant alone"
        return
    if not (inspect.getdoc(method) or "").partition("\n")[0].endswith("."):
        yield "a docstring whose first line is a sentence"
    if inspect.signature(method).return_annotation is inspect.Signature.empty:
        yield "the type that the method returns"


@pytest.mark.parametrize("operation", sorted(REQUESTED & {*ENDPOINTS}))
def test_a_row_is_what_the_constant_says(operation: str) -> None:
    endpoint = ENDPOINTS[operation]
    for row in ROWS:
        if row.operation == operation:
            assert row.method == endpoint.method
            path = row.target.partition("?")[0].split("/")
            parts = endpoint.path.split("/")
            assert len(path) == len(parts)
            assert all(
                part == there or part.startswith("{")
                for part, there in zip(parts, path, strict=True)
            )
