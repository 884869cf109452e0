"""A file for each contender, each with the same three names: see `Contender`.

Our own are in one: `currents:stream` and others. `floor_*` are lower bounds, not contenders; they
hand over no elements.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any, Protocol, cast


class Take(Protocol):
    """What a contender calls with its elements, as soon as its caller could use them."""

    def __call__(self, elements: Sequence[Any], /) -> None:
        """Take specs, tests or instances."""
        ...

    def failed(self, error: BaseException, /) -> None:
        """Count a failure that did not end the whole."""
        ...


Fetch = Callable[[str, Take], Awaitable[None]]
"""Fetches `runs/<id>` or `instances/<id>` over a connection that is open already."""


class Contender(Protocol):
    """What a contender's module has."""

    LABEL: str
    """Its row in the tables."""
    PACKAGES: tuple[str, ...]
    """The distributions that its speed depends on."""

    def connect(self, server: str, **options: Any) -> AbstractAsyncContextManager[Fetch]:
        """Open a client for a base URL, in its best configuration."""
        ...


def load(name: str) -> Contender:
    """Import a contender, by its file or by `file:name` where a file has several.

    Raises `ModuleNotFoundError` when a package is missing.
    """
    file, _, way = name.partition(":")
    module = import_module(f"{__name__}.{file}")
    return cast("Contender", getattr(module, way) if way else module)
