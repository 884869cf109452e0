"""The code of the README, to be run as it stands there."""

import re
from pathlib import Path
from typing import Any

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS: list[str] = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def source_with(name: str) -> str:
    """Return the one block that defines `name`."""
    [block] = [block for block in BLOCKS if f"def {name}(" in block]
    return block


def block_with(name: str) -> dict[str, Any]:
    """Run the one block that defines `name`; return what it defines."""
    return run_block(source_with(name))


def run_block(source: str) -> dict[str, Any]:
    """Run a block; return what it defines."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "README.md", "exec"), namespace)  # noqa: S102 - our own README
    return namespace
