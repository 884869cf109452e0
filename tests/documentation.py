"""The code of the documentation, to be run as it stands there."""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MADE = {"generated", "_build"}
"""Folders of `docs` in which is what is made when the site is built."""
PAGES = [
    ROOT / "README.md",
    *(
        path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if not {*MADE, "api"} & {*path.relative_to(ROOT).parts}
    ),
]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)


def fenced(language: str, text: str = TEXT) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


BLOCKS = fenced("python")


def source_with(name: str) -> str:
    """Return the one block that defines `name`."""
    [block] = [block for block in BLOCKS if f"def {name}(" in block]
    return block


def block_with(name: str) -> dict[str, Any]:
    """Run the one block that defines `name`; return what it defines."""
    return run_block(source_with(name))


def run_block(source: str) -> dict[str, Any]:
    """Run a block; return what it defines."""
    namespace: dict[str, Any] = {"__name__": "documentation"}
    exec(compile(source, "documentation", "exec"), namespace)  # noqa: S102 - our own
    return namespace
