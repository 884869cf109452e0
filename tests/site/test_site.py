"""The site as it was built by `nox -s docs`, in the folder that `SITE` names."""

import os
import re
import sys
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
from inspect import isclass, isroutine
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.documentation import ROOT

SITE = Path(os.environ.get("SITE", ""))
NAMES = SITE / "reference/generated"
MODULES = (
    *("currents_async", "currents_async.analysis", "currents_async.arrow"),
    *("currents_async.errors", "currents_async.export", "currents_async.export.lake"),
    *("currents_async.export.reports", "currents_async.export.views"),
    *("currents_async.models", "currents_async.otel", "currents_async.receiver"),
    *("currents_async.receiver.web", "currents_async.reports", "currents_async.testing"),
    *("currents_async.testing.cassettes", "currents_async.testing.faults"),
    *("currents_async.testing.limiters", "currents_async.testing.plugin"),
)
KNOWN = (ROOT / "docs/links.txt").read_text("utf-8").split()
# Of projects whose names `docs/outside.py` looked up.
PROJECTS = tuple(
    path.read_text("utf-8").split()[0] for path in (ROOT / "docs/outside").glob("*.txt")
)

pytestmark = pytest.mark.skipif("SITE" not in os.environ, reason="`nox -s docs` builds it")


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links = set[str]()
        self.anchors = {"", "top"}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.add(value)
            elif name == "id" and value:
                self.anchors.add(value)


@cache
def pages() -> dict[Path, Page]:
    paths = (path for path in SITE.rglob("*.html") if "_static" not in path.parts)
    # Pages of reports have their own tests.
    return {path: Page(path) for path in paths if path.parent.name != "examples"}


def outside() -> set[str]:
    return {
        link
        for page in pages().values()
        for link in page.links
        if re.match(r"[a-z]+:", link) and not link.startswith(("data:", "mailto:"))
    }


def test_no_link_leads_nowhere() -> None:
    inside = [
        (path, link)
        for path, page in pages().items()
        for link in page.links
        if not re.match(r"[a-z]+:", link)
    ]
    dead = [(path.relative_to(SITE), link) for path, link in inside if not _is_there(path, link)]
    sys.stdout.write(f"{len(inside)} links on {len(pages())} pages\n")
    assert dead == []


def _is_there(path: Path, link: str) -> bool:
    address, anchor = urldefrag(link)
    target = (path.parent / unquote(address.partition("?")[0])).resolve() if address else path
    if target not in pages():
        return target.is_file()
    return unquote(anchor) in pages()[target].anchors


def test_links_to_other_sites_are_known() -> None:
    """Whoever adds one has opened it, and puts it into `docs/links.txt`."""
    found = outside()
    sys.stdout.write(f"{len(found)} addresses of other sites\n")
    new = {urldefrag(link)[0] for link in found if not link.startswith(PROJECTS)} - set(KNOWN)
    assert new == set()


@pytest.mark.parametrize("module", MODULES)
def test_each_public_name_has_a_page(module: str) -> None:
    made = {path.stem for path in NAMES.glob("*.html")}
    for name in import_module(module).__all__:
        places = {f"{one}.{name}" for one in _places(module, name)}
        assert made & places, places


def _places(module: str, name: str) -> set[str]:
    """Return the modules that have the same thing by this name."""
    value = getattr(import_module(module), name)
    others = {one for one in MODULES if getattr(import_module(one), name, None) is value}
    return others if isclass(value) or isroutine(value) else {module}


def test_each_page_is_markdown_too() -> None:
    listed = set(re.findall(r"\]\(([^)]+)\)", (SITE / "llms.txt").read_text("utf-8")))
    assert listed
    for path in pages():
        if path.name not in {"genindex.html", "py-modindex.html", "search.html"}:
            name = path.relative_to(SITE).with_suffix(".md").as_posix()
            text = (SITE / name).read_text("utf-8")
            assert text.startswith("# "), name
            assert name in listed or path.parent == NAMES, name


def test_the_search_knows_names_and_words() -> None:
    index = (SITE / "searchindex.js").read_text("utf-8")
    for word in ("quarantin", "currents_async", "RunStream", "get_instances"):
        assert word in index
