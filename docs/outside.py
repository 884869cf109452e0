"""Where others document their names: lines of their inventories, so that a build needs no network.

A line is one of Sphinx: a name as our annotations have it, its kind, a priority, the end of an
address, and the name as it is documented. To look names up again, also new ones that stand in a
line alone, save `objects.inv` of the site: `python docs/outside.py python objects.inv`.
"""

import sys
import zlib
from pathlib import Path

_STORED = Path(__file__).parent / "outside"
_MADE = Path(__file__).parent / "reference" / "generated"


def inventories() -> dict[str, tuple[str, str]]:
    """Return the address of each project, and the file of its names in the form of Sphinx."""
    return {path.stem: _inventory(path) for path in sorted(_STORED.glob("*.txt"))}


def _inventory(path: Path) -> tuple[str, str]:
    address, *lines = path.read_text("utf-8").splitlines()
    head = f"# Sphinx inventory version 2\n# Project: {path.stem}\n# Version: \n# zlib\n"
    made = _MADE / f"{path.stem}.inv"
    made.write_bytes(head.encode() + zlib.compress("\n".join([*lines, ""]).encode()))
    return address, str(made)


def main() -> None:
    """Write the names of a project anew, with what its inventory says of them."""
    project, inventory = sys.argv[1:]
    path = _STORED / f"{project}.txt"
    address, *lines = path.read_text("utf-8").splitlines()
    packed = Path(inventory).read_bytes().split(b"\n", 4)[4]
    found = dict(line.split(maxsplit=1) for line in zlib.decompress(packed).decode().splitlines())
    kept = {}
    for line in lines:
        name, *_, documented = line.split() * 2
        kind, priority, uri, _ = found[documented].split(maxsplit=3)
        kept[name] = f"{name} {kind} {priority} {uri.replace('$', documented)} {documented}"
    path.write_text("\n".join([address, *(kept[name] for name in sorted(kept)), ""]), "utf-8")


if __name__ == "__main__":
    main()
