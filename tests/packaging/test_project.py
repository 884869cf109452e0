"""What names the project, its addresses or its versions says the same everywhere."""

import re
import tomllib
from pathlib import Path

import pytest

import currents_async

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOME: str = PYPROJECT["project"]["urls"]["Repository"]
# What leads to the repository; workflows know it by themselves.
SOURCES = ["CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "README.md", "SECURITY.md"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*SOURCES, "pyproject.toml"])
def test_links_to_the_repository_are_those_of_the_project(name: str) -> None:
    owner = HOME.removeprefix("https://github.com/")
    for link in re.findall(
        r"https://(?:raw\.)?github[\w.]*/[\w-]*currents[-_]async[^\s)\"']*", text_of(name)
    ):
        assert re.match(rf"https://(github\.com|raw\.githubusercontent\.com)/{owner}\b", link), link


def test_the_citation_is_of_this_project() -> None:
    citation = text_of("CITATION.cff")
    assert f"repository-code: {HOME}\n" in citation
    assert f"license: {PYPROJECT['project']['license']}\n" in citation


def test_the_version_is_one() -> None:
    assert re.match(r"0\+unknown$|\d+\.\d+\.\d+", currents_async.__version__)


@pytest.mark.parametrize("group", ["types", "suite", "tests", "browser", "consumer"])
def test_what_types_depend_on_is_pinned(group: str) -> None:
    """Where one is missing, `nox -s pins` adds it."""
    pins = set(re.findall(r"^[\w.-]+(?===)", text_of("tests/typing/constraints.txt"), re.MULTILINE))
    named = [one for one in PYPROJECT["dependency-groups"][group] if isinstance(one, str)]
    names = {re.split(r"[^\w.-]", one)[0].replace(".", "-").lower() for one in named}
    assert names <= pins
