"""Pages that are made when the site is built: one for each public name, and the command line."""

import re
from importlib import import_module
from inspect import isclass, isroutine
from pathlib import Path

from currents_async import Currents
from currents_async._resources._group import Group
from currents_async.cli._app import app

MODULES = (
    "currents_async",
    "currents_async.models",
    "currents_async.analysis",
    "currents_async.reports",
    "currents_async.arrow",
    "currents_async.export",
    "currents_async.receiver",
    "currents_async.testing",
    "currents_async.testing.faults",
    "currents_async.testing.limiters",
    "currents_async.testing.plugin",
    "currents_async.otel",
)
_MADE = Path(__file__).parent / "reference" / "generated"


def public_names() -> dict[str, str]:
    """Return the directive that documents each public name, at the first place that has it."""
    found: dict[str, str] = {}
    seen = set[int]()
    for name in MODULES:
        module = import_module(name)
        for public in sorted(module.__all__):
            value = getattr(module, public)
            if isclass(value) or isroutine(value):
                if id(value) in seen:
                    continue
                seen.add(id(value))
            found[f"{name}.{public}"] = _directive(value)
    return found


def groups() -> dict[str, type[Group]]:
    """Return the groups of operations by the attribute of the client."""
    client = Currents("key")
    return {
        name: type(value)
        for name, value in sorted(vars(client).items())
        if isinstance(value, Group)
    }


def pages() -> dict[str, str]:
    """Return the text of each page that is made."""
    names = public_names()
    made = {name: _page(name.rpartition(".")[2], f"{names[name]}:: {name}") for name in names}
    for module in MODULES:
        listed = [name for name in names if name.rpartition(".")[0] == module]
        made[module] = _page(module, f"automodule:: {module}\n   :no-members:", listed)
    for name, group in groups().items():
        where = f"{group.__module__}.{group.__qualname__}"
        options = "   :no-show-inheritance:\n   :inherited-members:"
        made[f"group.{name}"] = _page(f"currents.{name}", f"autoclass:: {where}\n{options}")
    made["groups"] = _contents("Groups of operations", [name for name in made if "group." in name])
    made["modules"] = _contents("Public names", MODULES)
    return made


def write() -> None:
    """Write all of them."""
    _MADE.mkdir(exist_ok=True)
    made = {f"{name}.md": text for name, text in pages().items()}
    made["command-line.txt"] = _command_line()
    for path in _MADE.iterdir():
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        path = _MADE / name
        if not path.exists() or path.read_text("utf-8") != text:  # Sphinx reads what is new
            path.write_text(text, "utf-8")


def _directive(value: object) -> str:
    if isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction" if isroutine(value) else "autodata"


def _page(title: str, directive: str, listed: list[str] | None = None) -> str:
    text = f"---\norphan: true\n---\n\n# {title}\n\n```{{eval-rst}}\n.. {directive}\n```\n"
    return f"{text}\n{_list(listed)}" if listed else text


def _contents(title: str, listed: list[str] | tuple[str, ...]) -> str:
    return f"# {title}\n\n{_list(listed)}"


def _list(listed: list[str] | tuple[str, ...]) -> str:
    """Return links: a table of contents with all of them would be on each page."""
    return "".join(f"- [{name.rpartition('.')[2]}]({name}.md)\n" for name in listed)


def _command_line() -> str:
    """Return all commands with their options, without a table of contents."""
    text = app.generate_docs(output_format="markdown").partition("\n")[2]
    return re.sub(r"^## Table of Contents\n.*?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)
