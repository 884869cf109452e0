"""The picture of the house, drawn from the contract that holds its layers: it cannot lie."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from drawing import LINE, OURS, svg, text
from made_pages import MADE

_ROOT = Path(__file__).parent.parent
_WIDTH, _ROW, _BOX, _GAP = 760, 46, 32, 8
# Lines of eight names at most: the lowest layer has more.
_IN_A_ROW = 6


def draw_house() -> None:
    """Write the layers, the one that imports all others on top."""
    rows = list(_rows())
    parts = [part for number, row in enumerate(rows) for part in _row(number * _ROW, row)]
    MADE.joinpath("house.svg").write_text(
        svg("Layers: imports only go down", _WIDTH, len(rows) * _ROW, parts), "utf-8"
    )


def _rows() -> Iterator[list[str]]:
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    [layers] = [one["layers"] for one in settings["contracts"] if one["type"] == "layers"]
    for layer in layers:
        rooms = re.findall(r"\w+", layer)
        for first in range(0, len(rooms), _IN_A_ROW):
            yield rooms[first : first + _IN_A_ROW]


def _row(top: float, rooms: list[str]) -> Iterator[str]:
    width = (_WIDTH - _GAP * (len(rooms) - 1)) / len(rooms)
    for number, room in enumerate(rooms):
        left = number * (width + _GAP)
        colour = LINE if room.startswith("_") else OURS
        yield (
            f'<rect x="{left + 1:.1f}" y="{top + 1}" width="{width - 2:.1f}" height="{_BOX}" '
            f'rx="6" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        yield text(left + width / 2, top + 22, room, anchor="middle")
