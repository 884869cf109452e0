"""What was bent in a response so that it could be read: places alone, and never a value."""

_SHOWN = 5
"""Places that are kept; the others are only counted."""


class Notes:
    """What is not as the models have it, and was read all the same."""

    __slots__ = ("_places", "bent", "lost")

    def __init__(self) -> None:
        self.bent: int = 0
        """Values that became others, or are absent."""
        self.lost: int = 0
        """Elements of arrays among them that held something, and are left out."""
        self._places: list[tuple[str, list[str]]] = []

    def note(self, what: str) -> None:
        """Note a value; those who went down to it add the steps of its path, the last one first."""
        if self.bent < _SHOWN:
            self._places.append((what, []))
        self.bent += 1

    def lose(self, what: str) -> None:
        """Note an element that is left out."""
        self.note(what)
        self.lost += 1

    def put_under(self, step: str, since: int) -> None:
        """Add a step to the paths of what has been noted since there were so many."""
        for _, steps in self._places[since:]:
            steps.append(step)

    def take(self, other: "Notes") -> None:
        """Take over what others have noted."""
        self._places += other._places[: _SHOWN - len(self._places)]  # noqa: SLF001 - of our class
        self.bent += other.bent
        self.lost += other.lost

    def __str__(self) -> str:
        shown = [f"${''.join(reversed(steps))} ({what})" for what, steps in self._places]
        more = self.bent - len(shown)
        return ", ".join([*shown, f"and {more} more"] if more else shown)
