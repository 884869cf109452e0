"""Names for the same thing, each linked to another one."""

from collections.abc import Hashable


class Links:
    """Finds for each name the one that stands for all names that are linked to it."""

    def __init__(self) -> None:
        self._next: dict[Hashable, Hashable] = {}

    def join(self, one: Hashable, other: Hashable) -> None:
        """Link two names, and all that are linked to them."""
        end, other_end = self.end(one), self.end(other)
        if end != other_end:
            self._next[end] = other_end

    def end(self, name: Hashable) -> Hashable:
        """Return the name that stands for this one; a name without links is its own."""
        while (following := self._next.get(name)) is not None:
            # Shorten the way for whoever comes next: else long chains would take ever longer.
            self._next[name] = self._next.get(following, following)
            name = following
        return name
