"""Async Python client for the Currents.dev REST API: typed, streaming, concurrent."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from currents_async._version import __version__

if TYPE_CHECKING:
    from currents_async import _public, errors
    from currents_async._public import *
    from currents_async.errors import *

    __all__: list[str] = ["__version__"]
    __all__ += _public.__all__
    __all__ += errors.__all__

else:  # to a type checker, any name would be one of ours

    def __getattr__(name: str) -> object:
        """Load the library when a name is first used: the `--help` of a command needs none."""
        # `from currents_async import errors` looks here first, and then for the module.
        if name == "__all__" or name[0].isupper():
            homes = [_import_module(f"{__name__}.{home}") for home in ("_public", "errors")]
            names = {one: getattr(home, one) for home in homes for one in home.__all__}
            globals().update(names, __all__=["__version__", *names])
        if name not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__() -> list[str]:
        return __getattr__("__all__")
