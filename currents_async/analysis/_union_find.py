"""A union-find (disjoint sets) with path halving."""

from collections.abc import Hashable


class UnionFind:
    """Sets of items; an item that has not been united with another is a set of its own."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def union(self, one: Hashable, other: Hashable) -> None:
        """Unite the sets of two items."""
        root, other_root = self.find(one), self.find(other)
        if root != other_root:
            self._parents[root] = other_root

    def find(self, item: Hashable) -> Hashable:
        """Return the item that represents the set of this one."""
        while (parent := self._parents.get(item)) is not None:
            # Path halving: without it, long chains would take ever longer.
            self._parents[item] = self._parents.get(parent, parent)
            item = parent
        return item
