"""Each page as Markdown beside it, and `llms.txt`, which says where they are."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

_WHAT = (
    "An async Python client for the Currents.dev REST API: runs, instances, exports, webhooks,"
    " reports and a server for tests."
)


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write what has been read once more, as agents like to read it."""
    if exception is not None or app.builder.name != "html":
        return
    app.builder = app.registry.create_builder(app, "markdown", app.env)
    app.builder.init()
    docnames = sorted(app.env.found_docs)
    app.builder.prepare_writing(set(docnames))
    lines = [f"# {app.config.project}", "", f"> {_WHAT}", ""]
    for docname in docnames:
        doctree = app.env.get_and_resolve_doctree(docname, app.builder)
        for star in list(doctree.findall(nodes.abbreviation)):  # which Markdown does not have
            star.replace_self(star.children)
        app.builder.write_doc(docname, doctree)
        if "/generated/currents_async." not in docname:  # which lists of modules lead to
            lines.append(f"- [{app.env.titles[docname].astext()}]({docname}.md){_first(doctree)}")
    Path(app.outdir, "llms.txt").write_text("\n".join([*lines, ""]), "utf-8")


def _first(doctree: nodes.document) -> str:
    """Return the first sentence of a page, if it begins with one."""
    for paragraph in doctree.findall(nodes.paragraph):
        first, *_ = " ".join(paragraph.astext().split()).split(". ")
        return f": {first.rstrip(':.')}."
    return ""
