"""An axis of time for drawings: round steps, and what to write beside them."""

from collections.abc import Iterator
from typing import NamedTuple

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))
_STEPS = (
    *(step * unit for unit in (1, 10, 100) for step in (1, 2, 5)),
    *(step * unit for unit in (1000, 60_000) for step in (1, 2, 5, 10, 15, 30)),
    *(step * 3_600_000 for step in (1, 2, 3, 6, 12)),
)
_DAY = 86_400_000


class Tick(NamedTuple):
    """A place on an axis."""

    milliseconds: int
    label: str


def ticks(milliseconds: int, max_ticks: int = 10) -> Iterator[Tick]:
    """Yield round times from 0 to a length of time."""
    step = _step(milliseconds / max_ticks)
    for time in range(0, milliseconds + 1, step):
        yield Tick(time, _label(time))


def _step(at_least: float) -> int:
    for step in _STEPS:
        if step >= at_least:
            return step
    step = _DAY
    while step < at_least:
        step *= 2
    return step


def _label(milliseconds: int) -> str:
    """Return a time without the units of which it has none: `2 min`, `1 h 30 min`."""
    rest, parts = milliseconds, list[str]()
    for unit, name in _UNITS:
        number, rest = divmod(rest, unit)
        if number:
            parts.append(f"{number} {name}")
    return " ".join(parts) or "0"
