"""Names in code become links to where they are documented."""

import re
from functools import cache
from pathlib import PurePosixPath

from docutils import nodes
from made_pages import MODULES, groups
from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry

# A name, and perhaps how it is called.
_NAME = re.compile(r"([A-Za-z_][\w.]*)(\(.*\))?", re.DOTALL)
_NO_PLACE = (nodes.reference, nodes.title, nodes.literal_block)


def link_names(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link what stands in backticks, in docstrings as in pages, where it is one of our names."""
    _shorten_others(doctree)
    names = _names(app)
    for literal in list(doctree.findall(nodes.literal)):
        found = _NAME.fullmatch(literal.astext())
        entry = names.get(f"{found[1]}()" if found[2] else found[1]) if found else None
        if entry is None or entry.docname == docname or _is_in(literal, _NO_PLACE):
            continue
        uri = app.builder.get_relative_uri(docname, entry.docname)
        # A name has a page of its own: it begins with it.
        anchor = "" if PurePosixPath(entry.docname).name == entry.node_id else f"#{entry.node_id}"
        reference = nodes.reference("", "", internal=True, refuri=uri + anchor)
        literal.replace_self(reference)
        reference += literal


def _shorten_others(doctree: nodes.document) -> None:
    """Show names of other projects in signatures as ours, without modules."""
    for reference in doctree.findall(nodes.reference):
        if reference.get("reftitle", "").startswith("(in "):
            for text in list(reference.findall(nodes.Text)):
                text.parent.replace(text, nodes.Text(text.rpartition(".")[2]))


@cache
def _names(app: Sphinx) -> dict[str, ObjectEntry]:
    """Return places by the names that are used for them; where two have one, the first module's."""
    objects = app.env.domains.python_domain.objects
    found: dict[str, ObjectEntry] = {}
    for name, group in groups().items():
        prefix = f"{group.__module__}.{group.__qualname__}."
        for full, entry in objects.items():
            if full.startswith(prefix):
                short = f"{name}.{full.removeprefix(prefix)}"
                for called in ("", "()"):
                    found[short + called] = found[f"currents.{short}{called}"] = entry
    for module in MODULES:
        for full, entry in objects.items():
            short = full.removeprefix(f"{module}.")
            if not entry.aliased and short != full and f"{module}.{short.split('.')[0]}" in objects:
                found.setdefault(short, entry)
                found.setdefault(full, entry)
                if module == MODULES[0]:  # others have a `Response` too, which is called
                    found.setdefault(f"{short}()", entry)
    return found


def _is_in(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False
