"""The groups of a client, each loaded when it is first used.

All of them together take longer to load than the rest of the library, and most programs use two.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

More = Callable[[Any], tuple[Any, ...]]


def lazy_group(place: str, more: More = lambda _: ()) -> Any:
    """Return an attribute of a client class that is a group once it is read.

    `place` is a module of the library and a class in it. `more` returns, of a client, what the
    group takes besides the transport and the project.
    """
    return _LazyGroup(place, more)


class _LazyGroup:
    def __init__(self, place: str, more: More) -> None:
        self._place = place
        self._more = more

    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            # Without a client: for `create_autospec`, which sees only what the class has.
            return object.__new__(load(self._place))
        attributes = cast("dict[str, Any]", vars(client))
        groups = attributes["_groups"]
        if self._place not in groups:
            groups[self._place] = load(self._place)(
                attributes["_transport"], attributes["_project_id"], *self._more(client)
            )
        return groups[self._place]


def load(place: str) -> Any:
    """Import a module of the library, and return what it has under a name."""
    module, _, name = place.partition(":")
    return getattr(import_module(f"currents_async.{module}"), name)
