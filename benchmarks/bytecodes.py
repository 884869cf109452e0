"""How many bytecodes of Python a fetch executes, by the package they belong to.

The numbers are the same each time, on any machine, and say where the time of a small response goes:
most of it is Python's. Those of a large one are msgspec's and isal's, which have no bytecodes.
"""

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.contenders import load
from benchmarks.worker import Taken

_ROOT = Path(__file__).parents[1]
_WARM = 3
"""Fetches that open a connection, and let all code run once."""


async def count_bytecodes(contender: str, path: str, url: str) -> Counter[str]:
    """Fetch over an open connection, and return the bytecodes of each package."""
    found: Counter[str] = Counter()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode":
            found[frame.f_code.co_filename] += 1
        return trace

    async with load(contender).connect(url) as fetch:
        for _ in range(_WARM):
            await fetch(path, Taken())
        sys.settrace(trace)
        try:
            await fetch(path, Taken())
        finally:
            sys.settrace(None)
    by_package: Counter[str] = Counter()
    for file, number in found.items():
        by_package[_package(Path(file))] += number
    return by_package


def _package(file: Path) -> str:
    """Return the room of one of our files, and else the package that a file belongs to."""
    if file.is_relative_to(_ROOT / "benchmarks"):
        return "the benchmark"
    if file.is_relative_to(_ROOT / "currents_async"):
        return "/".join(file.relative_to(_ROOT).parts[:2])
    parts = file.parts
    names = parts[parts.index("site-packages") + 1 :] if "site-packages" in parts else parts[-2:]
    return names[0]
