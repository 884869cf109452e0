"""Docstrings, which are Markdown for editors, as the reStructuredText that autodoc reads."""

import re
from typing import Any

from made_pages import public_names
from sphinx.application import Sphinx

from currents_async._resources._group import Group
from currents_async.models import Model

# Fenced, or indented below a paragraph.
_CODE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<fenced>.*?)^(?P=indent)```$"
    r"|(?<=\n\n)(?P<indented>(?: {4}.*(?:\n+|\Z))+)(?=\S|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PUBLIC = {value for value in public_names().values() if isinstance(value, type)}
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)]+)\)")


def convert(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn code and links into what reStructuredText has for them."""
    text = _CODE.sub(_block, "\n".join(lines))
    lines[:] = _LINK.sub(r"`\1 <\2>`__", text).split("\n")


def shorten(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leave out how to make what only the library makes: groups and models."""
    is_made = isinstance(obj, type) and issubclass(obj, Group | Model)
    return ("", returns) if is_made else None


def name_bases(app: Sphinx, name: str, obj: object, options: object, bases: list[Any]) -> None:
    """Show a public class in place of each private one."""
    bases[:] = dict.fromkeys(
        next(one for one in base.__mro__ if not _is_private(one))
        if isinstance(base, type) and _is_private(base)
        else base
        for base in bases
    )


def _is_private(kind: type) -> bool:
    return kind.__module__.startswith("currents_async") and kind not in _PUBLIC


def _block(code: re.Match[str]) -> str:
    if code["indented"]:
        return f".. code-block:: python\n\n{code['indented']}\n"
    body = re.sub(r"^(?=.*\S)", "    ", code["fenced"], flags=re.MULTILINE)
    return f"{code['indent']}.. code-block:: {code['language'] or 'text'}\n\n{body}"
