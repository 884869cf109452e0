"""No regular expression of ours needs more than the `re` of Python 3.11.2, which is Debian's."""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(
    path
    for room in ("currents_async", "tests", "benchmarks")
    for path in (ROOT / room).rglob("*.py")
)
_FUNCTIONS = {"compile", "match", "fullmatch", "search", "split", "findall", "finditer", "sub"}


def names_of(tree: ast.Module) -> dict[str, Any]:
    """Return the module's own texts, of which its expressions are made."""
    names: dict[str, Any] = {"re": re}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            with suppress(Exception):  # made of what is no text
                exec(compile(ast.Module([node], []), "", "exec"), names)  # noqa: S102 - our own
    return names


def expressions(source: str) -> Iterator[re.Pattern[str]]:
    """Compile each expression that is a text, wherever it is passed to `re`."""
    if "import re" not in source:  # most, and this is sooner seen
        return
    tree = ast.parse(source)
    names = names_of(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and (node.func.value.id, node.func.attr in _FUNCTIONS) == ("re", True)
        ):
            is_verbose = "VERBOSE" in ast.unparse(node)
            with suppress(NameError):  # made of what a function knows
                text = eval(compile(ast.Expression(node.args[0]), "", "eval"), names)  # noqa: S307
                yield re.compile(text, re.VERBOSE if is_verbose else 0)


def broken_before_3_11_5(found: re.Pattern[str], capsys: pytest.CaptureFixture[str]) -> bool:
    """Return whether there is a possessive quantifier or an atomic group (cpython#106052)."""
    re.purge()
    re.compile(found.pattern, found.flags | re.DEBUG)
    shown = capsys.readouterr().out
    assert shown
    return "POSSESSIVE" in shown or "ATOMIC" in shown


@pytest.mark.parametrize("text", ["a++", "a?+", "(?:ab)*+", "a{2,3}+", "(?>a)", "[^+]*+"])
def test_a_possessive_quantifier_is_found(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = f"import re\nX = {text!r}\n\ndef f(): return re.sub(rf'b{{X}}', '', 'b')\n"
    [found] = expressions(source)
    assert broken_before_3_11_5(found, capsys)
    [found] = expressions("import re\nre.match('[*+]+', '')\n")
    assert not broken_before_3_11_5(found, capsys)


def test_no_expression_has_a_possessive_quantifier(capsys: pytest.CaptureFixture[str]) -> None:
    found = {(path, one) for path in FILES for one in expressions(path.read_text(encoding="utf-8"))}
    assert len(found) > 50
    wrong = [(str(path), one) for path, one in found if broken_before_3_11_5(one, capsys)]
    assert wrong == []
