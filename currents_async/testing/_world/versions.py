"""The numbers that a world gives to its changes."""

from collections.abc import Iterator


class Versions(Iterator[int]):
    """Counts the changes of a world, from 1."""

    latest: int = 0
    """The number of the last change."""

    def __next__(self) -> int:
        self.latest += 1
        return self.latest
