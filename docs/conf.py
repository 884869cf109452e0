"""How Sphinx builds the site of the documentation: `nox -s docs`."""

import importlib.metadata
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))
import made_pages

made_pages.write()

project = "currents_async"
author = "The currents_async developers"
copyright = author  # noqa: A001 - what Sphinx calls it
release = importlib.metadata.version("currents-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = project
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}
# What stands in backticks becomes a link where it is a name, and code elsewhere.
default_role = "py:obj"
# `type` is a built-in name, and a field of several models.
suppress_warnings = ["ref.python"]


def setup(app: Sphinx) -> None:
    """Let docstrings be read as what editors show them as."""
    app.connect("autodoc-process-docstring", _convert)


def _convert(*event: object) -> None:
    """Turn fenced code into blocks of reStructuredText."""
    *_, lines = event
    assert isinstance(lines, list)  # noqa: S101 - what the event is documented to have
    fenced = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    lines[:] = fenced.sub(_block, "\n".join(lines)).split("\n")


def _block(fenced: re.Match[str]) -> str:
    indent, language, code = fenced.groups()
    body = re.sub(r"^(?=.*\S)", "    ", code, flags=re.MULTILINE)
    return f"{indent}.. code-block:: {language or 'text'}\n\n{body}"
