"""No block of code in the documentation is just looked at: each is run, or parsed."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.documentation import PAGES, ROOT, fenced

LANGUAGES = {"bash", "py", "python", "sh", "sql", "text", "toml", "yaml"}
"""Python, SQL and the notebook are run by tests of what they show, the others are parsed."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_are_in_a_language_that_is_tried(page: Path) -> None:
    opened = re.findall(r"^ *```+(\S.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    languages = Counter(language for language in opened if not language.startswith("{"))
    sys.stdout.write(f"{dict(languages)}\n")
    assert set(languages) <= LANGUAGES


def test_shell_can_be_parsed() -> None:
    script = "\n".join([*fenced("sh"), *fenced("bash")])
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607


def test_toml_can_be_parsed() -> None:
    assert all(tomllib.loads(block) for block in fenced("toml"))


def test_code_in_docstrings_can_be_parsed() -> None:
    found = [(name, code) for path in _sources() for name, code in _examples(path)]
    sys.stdout.write(f"{len(found)} examples\n")
    for name, code in found:
        try:
            compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            pytest.fail(f"{name}: {error}\n{code}")


def _sources() -> list[Path]:
    return sorted((ROOT / "currents_async").rglob("*.py"))


def _examples(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what is fenced or indented by four in docstrings that the site may show."""
    is_private = "/_" in path.relative_to(ROOT).as_posix().replace("__init__", "")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, kinds) or (isinstance(node, ast.Module) and not is_private):
            text = ast.get_docstring(node) or ""
            blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
            blocks += re.findall(r"(?<=\n\n)((?: {4}.*(?:\n+|\Z))+)", text)
            yield from ((str(path), dedent(block)) for block in blocks)
