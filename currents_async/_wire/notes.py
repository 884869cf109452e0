"""What was mended in a response so that it could be read: only the places, never a value."""

_SHOWN = 5
"""Places that are kept; the others are only counted."""


class Notes:
    """What did not fit the models, and was read all the same."""

    __slots__ = ("_places", "bent", "lost")

    def __init__(self) -> None:
        self.bent: int = 0
        """Values that were changed, or left out."""
        self.lost: int = 0
        """Elements of arrays among them that were left out, other than null."""
        self._places: list[tuple[str, list[str]]] = []

    def note(self, what: str) -> None:
        """Note a value; `put_under` adds the steps of its path, the last one first."""
        if self.bent < _SHOWN:
            self._places.append((what, []))
        self.bent += 1

    def lose(self, what: str) -> None:
        """Note an element that is left out."""
        self.note(what)
        self.lost += 1

    def put_under(self, step: str, since: int) -> None:
        """Add a step to the paths of all notes but the first `since`."""
        for _, steps in self._places[since:]:
            steps.append(step)

    def take(self, other: "Notes") -> None:
        """Add the notes of another one."""
        self._places += other._places[: _SHOWN - len(self._places)]  # noqa: SLF001 - of our class
        self.bent += other.bent
        self.lost += other.lost

    def __str__(self) -> str:
        shown = [f"${''.join(reversed(steps))} ({what})" for what, steps in self._places]
        more = self.bent - len(shown)
        return ", ".join([*shown, f"and {more} more"] if more else shown)
