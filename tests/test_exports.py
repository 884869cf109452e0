import importlib
import subprocess
import sys
import types

import pytest

import currents_async
from currents_async import _public, errors

PUBLIC_MODULES = [
    "currents_async._public",
    "currents_async.analysis",
    "currents_async.errors",
    "currents_async.models",
    "currents_async.receiver",
]


@pytest.mark.parametrize("name", [*PUBLIC_MODULES, "currents_async.testing"])
def test_all_is_all(name: str) -> None:
    module = importlib.import_module(name)
    public = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_")
        and not isinstance(value, types.ModuleType)
        and getattr(value, "__module__", "").startswith("currents_async")
    }
    assert public == {key for key in module.__all__ if not key.startswith("__")}
    assert len(module.__all__) == len(set(module.__all__))


def test_all_is_had_at_the_top() -> None:
    assert [*_public.__all__, "__version__"] == currents_async.__all__
    for name in _public.__all__:
        assert getattr(currents_async, name) is getattr(_public, name)
    assert set(currents_async.__all__) <= set(dir(currents_async))
    with pytest.raises(AttributeError, match="has no attribute 'Curents'"):
        currents_async.Curents  # type: ignore[attr-defined]  # noqa: B018 - the access is the test


def test_nothing_is_loaded_before_it_is_used() -> None:
    show = "import sys, currents_async; print('aiohttp' in sys.modules, 'msgspec' in sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", show], text=True)  # noqa: S603
    assert loaded == "False False\n"


def test_every_error_is_at_the_top() -> None:
    assert set(errors.__all__) <= set(currents_async.__all__)
