"""Async Python client for the Currents.dev REST API: typed, streaming, concurrent."""

from typing import TYPE_CHECKING

from currents_async._lazy import lazy_names as _lazy_names
from currents_async._version import __version__

if TYPE_CHECKING:
    from currents_async import _client, _public, errors
    from currents_async._client import *
    from currents_async._public import *
    from currents_async.errors import *

    __all__: list[str] = ["__version__"]
    __all__ += _client.__all__
    __all__ += _public.__all__
    __all__ += errors.__all__

else:  # to a type checker, any name would be one of ours
    # The `--help` of a command needs none.
    __getattr__ = _lazy_names(__name__, ("errors", "_client", "_public"), ["__version__"])

    def __dir__() -> list[str]:
        return __getattr__("__all__")
