import importlib
import pkgutil
import subprocess
import sys
import types
from typing import Literal, get_origin

import pytest

import currents_async
from currents_async import _public, errors, models

PUBLIC_MODULES = [
    "currents_async._public",
    "currents_async.analysis",
    "currents_async.errors",
    "currents_async.models",
    "currents_async.receiver",
]


@pytest.mark.parametrize(
    "name", [*PUBLIC_MODULES, "currents_async.testing", "currents_async.testing.limiters"]
)
def test_all_is_all(name: str) -> None:
    module = importlib.import_module(name)
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
    assert public == {key for key in module.__all__ if not key.startswith("__")}
    assert len(module.__all__) == len(set(module.__all__))


def test_all_is_had_at_the_top() -> None:
    assert ["__version__", *_public.__all__, *errors.__all__] == currents_async.__all__
    for home in (_public, errors):
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


def test_a_star_import_has_all_of_it_and_nothing_else() -> None:
    code = "from currents_async import *; print(*sorted(globals()))"
    names = subprocess.check_output([sys.executable, "-c", code], text=True).split()  # noqa: S603
    code = "print(*sorted(globals()))"
    already = subprocess.check_output([sys.executable, "-c", code], text=True).split()  # noqa: S603
    assert sorted({*names} - {*already}) == dir(currents_async)


def test_every_error_is_at_the_top() -> None:
    assert {*errors.__all__} - {"RequestInfo"} <= set(currents_async.__all__)
