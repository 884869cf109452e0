import importlib
import sys
from pathlib import Path

import pytest

_PACKAGE = """
from currents_async._lazy import lazy_names
__getattr__ = lazy_names(__name__, ("one", "two"), ["__version__"])
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "package_of_lazy_names"
    folder.mkdir()
    (folder / "__init__.py").write_text(_PACKAGE)
    (folder / "one.py").write_text("__all__ = ['A']\nA = Hidden = 1\n")
    (folder / "two.py").write_text("__all__ = ['B', 'b']\nB = b = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("", ".one", ".two"):
        monkeypatch.setitem(sys.modules, folder.name + name, sys)  # so that it is gone again
        del sys.modules[folder.name + name]
    return folder.name


def test_a_name_loads_no_more_than_its_module(package: str) -> None:
    top = importlib.import_module(package)
    assert f"{package}.one" not in sys.modules
    assert top.A == 1
    assert f"{package}.two" not in sys.modules
    assert top.B == 2


def test_a_name_may_be_of_a_function(package: str) -> None:
    assert importlib.import_module(package).b == 2


def test_modules_are_names(package: str) -> None:
    top = importlib.import_module(package)
    assert top.two is sys.modules[f"{package}.two"]
    assert f"{package}.one" not in sys.modules


def test_all_loads_everything(package: str) -> None:
    top = importlib.import_module(package)
    assert top.__all__ == ["__version__", "A", "B", "b"]
    assert vars(top)["B"] == 2


@pytest.mark.parametrize("name", ["C", "Hidden", "__path_of_what__"])
def test_other_names_are_not_there(package: str, name: str) -> None:
    top = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute '{name}'"):
        getattr(top, name)
