"""Every operation of the library, found by looking: its group, its method and its constant.

`python -m tests.operations` prints the table of the documentation, and `--write` puts it there.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_origin

from currents_async import Currents, _resources
from currents_async._resources._group import Group, is_compound
from currents_async._wire.endpoint import Endpoint
from currents_async.models import CursorPage, NumberedPage

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/operations.md"
_BEGIN, _END = "<!-- operations: begin -->\n", "<!-- operations: end -->\n"


class Operation(NamedTuple):
    """A method that is one operation."""

    group: str
    """The attribute of the client."""
    name: str
    method: Callable[..., Any]
    endpoint: Endpoint[Any]


def documented() -> set[str]:
    """Return the operations that `docs/api/operations.md` lists, but those in italics."""
    text = (ROOT / "docs/api/operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w, ]+) \| (?:GET|POST|PUT|DELETE)\b", text, re.MULTILINE)
    return {name for row in rows for name in row.split(", ")}


def constants() -> dict[str, Endpoint[Any]]:
    """Return the constants of all groups by their names."""
    found: dict[str, Endpoint[Any]] = {}
    for module in pkgutil.iter_modules(_resources.__path__):
        names = vars(importlib.import_module(f"currents_async._resources.{module.name}"))
        found |= {name: value for name, value in names.items() if isinstance(value, Endpoint)}
    return found


def is_list(endpoint: Endpoint[Any]) -> bool:
    """Return whether an operation returns items of a list, in pages or all at once."""
    kind = get_origin(endpoint.returns) or endpoint.returns
    return issubclass(kind, CursorPage | NumberedPage | list)


def operations() -> Iterator[Operation]:
    """Go over the methods that use one constant, in the order of the source."""
    known = constants()
    groups = {
        name: type(group)
        for name in vars(Currents)
        if isinstance(group := getattr(Currents, name), Group)
    }
    for group, kind in groups.items():
        for name, method in _attributes(kind).items():
            if name.startswith("_") or is_compound(method) or not inspect.isfunction(method):
                continue
            used = [known[one] for one in method.__code__.co_names if one in known]
            if len(used) == 1:
                yield Operation(group, name, method, used[0])


def _attributes(kind: type[Group]) -> dict[str, Any]:
    """Return what a group has and inherits, in the order of the source."""
    return {name: value for base in reversed(kind.__mro__) for name, value in vars(base).items()}


def table() -> str:
    """Return a Markdown table with a row for each operation."""
    rows = [
        f"| `{one.group}.{one.name}({_arguments(one.method)})` | {_returned(one.method)} "
        f"| `{one.endpoint.method} {one.endpoint.path}` |"
        for one in operations()
    ]
    return "\n".join(["| call | returns | operation |", "|---|---|---|", *rows]) + "\n"


def _arguments(method: Callable[..., Any]) -> str:
    """Show the arguments that must be given, and that there are others."""
    several = list(inspect.signature(method).parameters.values())[1:]
    required = (one for one in several if one.default is one.empty)
    needed = [one.name for one in required if one.kind is not one.VAR_KEYWORD]
    return ", ".join([*needed, "…"] if len(needed) < len(several) else needed)


def _returned(method: Callable[..., Any]) -> str:
    annotation = inspect.signature(method).return_annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return f"`{re.sub(r'(?:[a-z_]+[.])+', '', text)}`"


def main() -> None:
    """Print the table, or write it."""
    if sys.argv[1:] != ["--write"]:
        sys.stdout.write(table())
        return
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PAGE.write_text(before + _BEGIN + table() + _END + after)


if __name__ == "__main__":
    main()
