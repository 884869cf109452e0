"""Documents of a limited size: what does not fit is counted, and nothing is cut in the middle."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from currents_async.reports._markdown import folded

Size = Callable[[str], int]
"""How much room a text takes: in characters, or in bytes."""

_GAP = "\n\n"
_LEFT_OUT = "Left out for lack of room: {}."


class Section(Protocol):
    """A part of a document that shows less where there is less room."""

    @property
    def name(self) -> str:
        """What it shows, in words."""
        ...

    @property
    def share(self) -> float:
        """How much of the room that is left it may take, unless later sections need less."""
        ...

    def within(self, room: int, size: Size) -> str:
        """Return as much as fits; nothing if it has nothing to show, or no room."""
        ...

    def __bool__(self) -> bool:
        """Return whether it has anything to show."""
        ...


class Item(NamedTuple):
    """One of many things, in full and in one line."""

    full: str
    brief: str = ""
    """What to show if there is no room for more; empty if nothing is shorter."""


class Listing(NamedTuple):
    """Things in their order, then the number of those that are not shown."""

    name: str
    items: Sequence[Item]
    rest: str
    """What those are that are not shown, in words."""
    total: int
    """How many there are: `items` may lack some."""
    head: str = ""
    gap: str = "\n"
    share: float = 0.5
    is_folded: bool = False
    """Whether a click shows it."""

    def __bool__(self) -> bool:
        return bool(self.items)

    def within(self, room: int, size: Size) -> str:
        """Return the first items that fit, whole, and the number of the others."""
        left = room - size(self._around("", self._note(self.total)))
        if left < 0 or not self.items:
            return ""
        shown = list[str]()
        for item in self.items:
            found = next((one for one in item if one and size(one + self.gap) <= left), None)
            if found is None:
                break
            shown.append(found)
            left -= size(found + self.gap)
        missing = self.total - len(shown)
        return self._around(self.gap.join(shown), self._note(missing) if missing else "")

    def _around(self, items: str, note: str) -> str:
        # Rows follow the head of their table without a gap.
        listed = f"{self.head}\n{items}".strip()
        if self.is_folded:
            return folded(self.name, listed, note)
        return _GAP.join(filter(None, (f"### {self.name}", listed, note)))

    def _note(self, missing: int) -> str:
        return f"… and {missing:,} {self.rest}."


class Whole(NamedTuple):
    """What is shown as a whole or not at all."""

    name: str
    text: str
    share: float = 0.5

    def __bool__(self) -> bool:
        return bool(self.text)

    def within(self, room: int, size: Size) -> str:
        """Return the text, or nothing if it takes more room."""
        return self.text if size(self.text) <= room else ""


def fitted(head: str, sections: Sequence[Section], limit: int, size: Size) -> str:
    """Return a head with all sections that fit, and the names of those that do not."""
    sections = [section for section in sections if section]
    note = _LEFT_OUT.format(", ".join(section.name for section in sections))
    left = limit - size(f"{head}{_GAP}{note}\n")
    needs = [size(f"{_GAP}{section.within(limit, size)}") for section in sections]
    shown, missing = [head], list[str]()
    for number, section in enumerate(sections, 1):
        room = max(int(left * section.share), left - sum(needs[number:])) - size(_GAP)
        text = section.within(room, size)
        if text:
            shown.append(text)
            left -= size(f"{_GAP}{text}")
        else:
            missing.append(section.name)
    if missing:
        shown.append(_LEFT_OUT.format(", ".join(missing)))
    return _GAP.join(shown) + "\n"
