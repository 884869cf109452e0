import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_origin

import pytest

import currents_async
from currents_async import _client, _public, errors, models

PUBLIC_MODULES = [
    "currents_async._public",
    "currents_async.analysis",
    "currents_async.arrow",
    "currents_async.errors",
    "currents_async.models",
    "currents_async.receiver",
]


@pytest.mark.parametrize(
    "name", [*PUBLIC_MODULES, "currents_async.testing", "currents_async.testing.limiters"]
)
def test_all_is_all(name: str) -> None:
    module = importlib.import_module(name)
    names = module.__all__  # where names are loaded when they are used, this loads them
    public = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_")
        and not isinstance(value, types.ModuleType)
        and (
            getattr(value, "__module__", "").startswith("currents_async")
            or get_origin(value) is Literal
        )
    }
    assert public == {key for key in names if not key.startswith("__")}
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name",
    [
        *PUBLIC_MODULES,
        *("currents_async.export", "currents_async.export.reports", "currents_async.otel"),
        "currents_async.export.views",
        *("currents_async.receiver.web", "currents_async.reports", "currents_async.testing"),
        *("currents_async.testing.cassettes", "currents_async.testing.limiters"),
    ],
)
def test_an_editor_tells_what_each_name_is(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    names = [one for one in module.__all__ if not one.startswith("__")]
    assert [one for one in names for _ in without_docs(one, getattr(module, one))] == []


def without_docs(name: str, value: object) -> Iterator[str]:
    """Find what of a public name has no docstring: itself, its methods, or its properties."""
    if not isinstance(value, type) and not inspect.isroutine(value):
        if name not in explained_constants():
            yield name
        return
    if not value.__doc__:
        yield name
    members = vars(value) if isinstance(value, type) else {}
    for member, kind in members.items():
        is_shown = inspect.isroutine(kind) or isinstance(kind, property)
        if is_shown and member[0] != "_" and not inspect.getdoc(getattr(value, member)):
            yield f"{name}.{member}"


@cache
def explained_constants() -> set[str]:
    """The names at the top of modules under whose value a text says what they are."""
    found = set[str]()
    for path in Path(str(currents_async.__file__)).parent.rglob("*.py"):
        for node, below in pairwise(ast.parse(path.read_text(encoding="utf-8")).body):
            match node, below:
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str())),
                ):
                    found.add(name)
                case _:
                    pass
    return found


def test_all_is_had_at_the_top() -> None:
    assert [
        "__version__",
        *errors.__all__,
        *_client.__all__,
        *_public.__all__,
    ] == currents_async.__all__
    for home in (_client, _public, errors):
        for name in home.__all__:
            assert getattr(currents_async, name) is getattr(home, name)
    assert dir(currents_async) == sorted(set(currents_async.__all__))
    with pytest.raises(AttributeError, match="has no attribute 'Curents'"):
        currents_async.Curents  # type: ignore[attr-defined]  # noqa: B018 - the access is the test


def test_every_model_is_in_models() -> None:
    modules = [
        importlib.import_module(f"{models.__name__}.{module.name}")
        for module in pkgutil.iter_modules(models.__path__)
        if not module.name.startswith("_")
    ]
    assert {name for module in modules for name in module.__all__} <= {*models.__all__}


def test_nothing_is_loaded_before_it_is_used() -> None:
    third = "'aiohttp', 'msgspec'"
    show = f"import sys; from currents_async import errors; print({{*sys.modules}} & {{{third}}})"
    loaded = subprocess.check_output([sys.executable, "-c", show], text=True)  # noqa: S603
    assert loaded == "set()\n"


def test_a_client_is_there_without_what_few_programs_use() -> None:
    groups = ("_resources.runs", "_quarantine", "_downloads", "_pagination", "_fanout")
    others = ("analysis", "reports", "arrow", "models.actions", "models.matchers")
    rooms = ("pyarrow", *(f"currents_async.{room}" for room in (*groups, *others)))
    show = (
        f"import sys; from currents_async import Currents; print({{*sys.modules}} & {{*{rooms}}})"
    )
    command = [sys.executable, "-c", show]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout == "set()\n"


def test_a_star_import_has_all_of_it_and_nothing_else() -> None:
    code = "from currents_async import *; print(*sorted(globals()))"
    names = subprocess.check_output([sys.executable, "-c", code], text=True).split()  # noqa: S603
    code = "print(*sorted(globals()))"
    already = subprocess.check_output([sys.executable, "-c", code], text=True).split()  # noqa: S603
    assert sorted({*names} - {*already}) == dir(currents_async)


def test_every_error_is_at_the_top() -> None:
    assert {*errors.__all__} - {"RequestInfo"} <= set(currents_async.__all__)
