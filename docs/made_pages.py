"""Pages that are made when the site is built: one for each public name, and the commands."""

import re
from importlib import import_module
from inspect import cleandoc, getdoc, isclass, isroutine
from pathlib import Path

from currents_async import Currents, errors
from currents_async._resources._group import Group
from currents_async.cli._app import app

MODULES = (
    "currents_async",
    "currents_async.models",
    "currents_async.analysis",
    "currents_async.reports",
    "currents_async.arrow",
    "currents_async.export",
    "currents_async.export.lake",
    "currents_async.export.reports",
    "currents_async.export.views",
    "currents_async.export.dlt_source",
    "currents_async.receiver",
    "currents_async.receiver.web",
    "currents_async.testing",
    "currents_async.testing.cassettes",
    "currents_async.testing.faults",
    "currents_async.testing.limiters",
    "currents_async.testing.plugin",
    "currents_async.otel",
)
# It needs Spark, which a build of the site does without.
_SPARK = "currents_async.export.spark_source"
MADE = Path(__file__).parent / "reference" / "generated"
_MAX_VALUE = 1000
"""Characters of a constant that are worth reading."""
_HERE = "generated/"
"""Where that is for pages that include a part of it."""


def public_names() -> dict[str, object]:
    """Return each public name, at the first place that has it, and what it stands for."""
    found: dict[str, object] = {}
    seen = set[int]()
    for name in MODULES:
        module = import_module(name)
        for public in sorted(module.__all__, key=str.lower):
            value = getattr(module, public)
            if isclass(value) or isroutine(value):
                if id(value) in seen:
                    continue
                seen.add(id(value))
            found[f"{name}.{public}"] = value
    return found


def groups() -> dict[str, type[Group]]:
    """Return the groups of operations by the attribute of the client."""
    return {
        name: type(group)
        for name in sorted(vars(Currents))
        if isinstance(group := getattr(Currents, name), Group)
    }


def pages() -> dict[str, str]:
    """Return the text of each page that is made."""
    names = public_names()
    made = {
        name: _page(name.rpartition(".")[2], f"{_directive(value)}:: {name}{_options(value)}")
        for name, value in names.items()
    }
    for module in MODULES:
        own = {name: value for name, value in names.items() if name.rpartition(".")[0] == module}
        options = "   :no-members:\n   :no-undoc-members:\n   :no-inherited-members:"
        made[module] = _page(module, f"automodule:: {module}\n{options}") + _tables(own)
    made[_SPARK] = _page(_SPARK, f"automodule:: {_SPARK}")
    for name, group in groups().items():
        where = f"{group.__module__}.{group.__qualname__}"
        made[f"group.{name}"] = _page(
            f"currents.{name}",
            f"autoclass:: {where}\n   :no-show-inheritance:\n   :inherited-members:",
        )
    return made


def write_pages() -> None:
    """Write all of them, and what pages include."""
    modules = {name: getdoc(import_module(name)) for name in MODULES}
    modules[_SPARK] = "A data source of Spark: runs as tables."
    listed = {f"group.{name}": getdoc(group) for name, group in groups().items()}
    texts = {f"{name}.md": text for name, text in pages().items()} | {
        "command-line.txt": _command_line(),
        "groups.txt": _table({f"currents.{k[6:]}": (k, v) for k, v in listed.items()}, _HERE),
        "errors.txt": _table(
            {k: (f"currents_async.{k}", getdoc(v)) for k, v in _errors().items()}, _HERE
        ),
        "modules.txt": _table({name: (name, text) for name, text in modules.items()}, _HERE),
    }
    MADE.mkdir(exist_ok=True)
    for path in [*MADE.glob("*.md"), *MADE.glob("*.txt")]:
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        path = MADE / name
        if not path.exists() or path.read_text("utf-8") != text:  # Sphinx reads what is new
            path.write_text(text, "utf-8")


def _errors() -> dict[str, type[errors.CurrentsError]]:
    """Return all errors, those before that others derive from."""
    return {
        name: value
        for name, value in vars(errors).items()
        if name in errors.__all__ and isclass(value) and issubclass(value, errors.CurrentsError)
    }


def _directive(value: object) -> str:
    if isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction" if isroutine(value) else "autodata"


def _options(value: object) -> str:
    return "\n   :no-value:" if len(repr(value)) > _MAX_VALUE else ""


def _page(title: str, directive: str) -> str:
    """Return a page that is in no table of contents: one with all of them would be on each page."""
    return f"---\norphan: true\n---\n\n# {title}\n\n```{{eval-rst}}\n.. {directive}\n```\n"


def _tables(names: dict[str, object]) -> str:
    """Return the names of a module with what each is, by kind."""
    kinds: dict[str, dict[str, tuple[str, str | None]]] = {}
    for name, value in names.items():
        kind = {"autoclass": "Classes", "autoexception": "Errors", "autofunction": "Functions"}
        title = kind.get(_directive(value), "Constants")
        summary = getdoc(value) if title != "Constants" else None
        kinds.setdefault(title, {})[name.rpartition(".")[2]] = (name, summary)
    return "".join(f"\n## {title}\n\n{_table(rows)}" for title, rows in kinds.items())


def _table(rows: dict[str, tuple[str, str | None]], folder: str = "") -> str:
    """Return titles that lead to pages, and the first sentence of each."""
    lines = [
        f"| [{title}]({folder}{page}.md) | {_first(text)} |" for title, (page, text) in rows.items()
    ]
    return "\n".join(["| name | what it is |", "|---|---|", *lines, ""])


def _first(text: str | None) -> str:
    paragraph = cleandoc(text or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).replace("|", "\\|")


def _command_line() -> str:
    """Return all commands with their options, without a table of contents."""
    text = app.generate_docs(output_format="markdown").partition("\n")[2]
    return re.sub(r"^## Table of Contents\n.*?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)
