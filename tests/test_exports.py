import importlib
import types

import pytest

import currents_async
from currents_async import errors

PUBLIC_MODULES = [
    "currents_async",
    "currents_async.answers",
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


def test_every_error_is_at_the_top() -> None:
    assert set(errors.__all__) <= set(currents_async.__all__)
