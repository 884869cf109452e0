"""Names of a package that are loaded when they are first used."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec


def lazy_names(
    package: str, homes: Sequence[str], more: Sequence[str] = ()
) -> Callable[[str], object]:
    """Return the `__getattr__` of a package whose public names are those of some modules in it.

    `homes` are the modules, those first that take least to load: they are loaded in this order,
    until one has the name. `more` are public names that the package has itself. Its modules are
    names too, as they are where all of them have been loaded.
    """

    def load(name: str) -> object:
        names = vars(sys.modules[package])
        is_public = not name.startswith("_")
        if is_public and find_spec(f"{package}.{name}"):
            return import_module(f"{package}.{name}")
        if is_public or name == "__all__":
            every = list(more)
            for home in homes:
                module = import_module(f"{package}.{home}")
                every += module.__all__
                names.update({one: getattr(module, one) for one in module.__all__})
                if name in names:
                    return names[name]
            names["__all__"] = every
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return names[name]

    return load
