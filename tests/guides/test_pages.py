"""What the tutorial and all guides have in common."""

import re
from pathlib import Path

import pytest

from tests.documentation import ROOT, fenced

PAGES = sorted((ROOT / "docs" / "guides").glob("*.md"))
GUIDES = [page for page in PAGES if page.name != "index.md"]
PROGRAMS = [*(ROOT / "tests" / "recipes").glob("*.py"), *(ROOT / "tests" / "examples").glob("*.py")]
PRINTED = [
    (page, program)
    for page in GUIDES
    for program in sorted(PROGRAMS)
    if re.search(rf"[Ss]ave (this|it) as\s`{program.name}`", page.read_text())
]
_MAX_LINES = 160


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_begins_with_when_to_use_it(page: Path) -> None:
    title, _, text = page.read_text().split("\n", 2)
    assert title.startswith("# ")
    assert text.startswith("Use this guide when ")
    assert len(text.splitlines()) <= _MAX_LINES


def test_the_index_names_all_guides() -> None:
    table, _, contents = (PAGES[0].parent / "index.md").read_text().partition("```{toctree}")
    for guide in GUIDES:
        assert f"({guide.name})" in table
        assert f"\n{guide.stem}\n" in contents


@pytest.mark.parametrize(("page", "program"), PRINTED, ids=lambda path: path.stem)
def test_a_program_that_a_guide_prints_is_the_tested_one(page: Path, program: Path) -> None:
    assert program.read_text() in fenced("python", page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_to_headings(page: Path) -> None:
    for target, heading in re.findall(r"\]\(([^)#:]*\.md)#([^)]+)\)", page.read_text()):
        headings = re.findall(r"^#+ (.+)$", (page.parent / target).read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
        assert heading in slugs, f"{target}#{heading}"
