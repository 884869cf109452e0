"""How Sphinx builds the site of the documentation: `nox -s docs`."""

import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# The benchmarks have the simulator of rate limiters, and are not installed.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
import docstrings
import house
import llms
import made_pages
import names
import outside
import rate_pictures
import report_pages

made_pages.write_pages()
house.draw_house()
rate_pictures.draw_rates()
report_pages.write_reports()

project = "currents_async"
author = "The currents_async developers"
copyright = author  # noqa: A001 - what Sphinx calls it
release = importlib.metadata.version("currents-async")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_markdown_builder",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["reference/generated/site"]
html_copy_source = False
html_show_sphinx = False

add_module_names = False
python_maximum_signature_line_length = 90
# Backticks are code in docstrings too; `names` links what has a page.
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "show-inheritance": True,
    # What private bases have, but not what these have.
    "inherited-members": "APIError,CurrentsError,Generic,Model,OpenModel,StrEnum,Struct,Tabular,"
    "BaseException,datetime,dict,int,object,str,tuple",
}
autodoc_mock_imports = ["pyspark"]
intersphinx_mapping = outside.inventories()
# `type` is a built-in name, and a field of several models.
suppress_warnings = ["ref.python"]
# What annotations name besides: bases and variables of ours, and what has no inventory.
nitpick_ignore_regex = [
    (r"py:.*", r"(_duckdb|currents_async|dlt|multidict|opentelemetry|pyspark)\..*"),
    (r"py:.*", r"(datetime\.Annotated|re\.Pattern|typing\.BinaryIO|[A-Z]\w*|.*\[.*)"),
]


def setup(app: Sphinx) -> None:
    """Let docstrings be read as what editors show them as, and names lead to their pages."""
    app.connect("autodoc-process-docstring", docstrings.convert)
    app.connect("autodoc-process-signature", docstrings.shorten)
    app.connect("autodoc-process-bases", docstrings.name_bases)
    app.connect("doctree-read", own_nodes)
    app.connect("doctree-resolved", names.link_names)
    app.connect("html-page-context", keep_contents, priority=400)  # before furo asks for it
    app.connect("build-finished", llms.write)


def own_nodes(app: Sphinx, doctree: nodes.document) -> None:
    """Let nodes of `eval-rst` go: with them each page would store all that has been read so far."""
    for node in doctree.findall():
        node.document = doctree


def keep_contents(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Make the table of contents once for all pages of names: each took furo half a second."""
    if page.startswith("reference/generated/"):
        make = context["toctree"]
        context["toctree"] = lambda **options: _kept_contents(make, **options)


def _kept_contents(make: Callable[..., str], **options: object) -> str:
    key = repr(options)
    if key not in _CONTENTS:
        _CONTENTS[key] = make(**options)
    return _CONTENTS[key]


_CONTENTS: dict[str, str] = {}
