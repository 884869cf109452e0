"""Sources exist: what docstrings and documents cite is a heading of this repository, or a URL."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documentation import MADE

ROOT = Path(__file__).parents[1]
OPENAPI = "docs/api/openapi-runs-instances.json"
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *(
        path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if not MADE & {*path.relative_to(ROOT).parts}
    ),
]

_QUOTED = r'"[^"]+"'
# As in: `docs/api/base.md`, "Errors", "Addresses" and "Pagination".
CITATION = re.compile(rf"`(docs/[\w./-]+)`((?:(?:,| and|, and) {_QUOTED})*)")
# As in: under "Errors" and "Addresses" in [base.md](base.md).
LINK = re.compile(rf"((?:{_QUOTED}(?:,| and)? )*)(?:(?:of|in) )?\[[^\]]+\]\(([^)\s]+)\)")
# Sources that nobody but their author can open.
PRIVATE = re.compile(
    r"(?<!docs/api/)\b(?:operations\.md|fields-\d|openapi-runs-instances)"
    r"|base facts|the API's facts|published samples"
)


def _text_of(path: Path) -> str:
    """Return a text with its lines joined, those of comments too."""
    return re.sub(r"\n[ \t]*(?:# )?", " ", path.read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _headings(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".json":
        return set(re.findall(r"^#+ (.+)$", text, re.MULTILINE))
    document = json.loads(text)
    operations = (one for path in document["paths"].values() for one in path.values())
    return {*document["components"]["schemas"], *(one["operationId"] for one in operations)}


def _quoted(text: str) -> list[str]:
    return [quoted.strip('"') for quoted in re.findall(_QUOTED, text)]


SOURCES = {_name(path): _text_of(path) for path in sorted((ROOT / "currents_async").rglob("*.py"))}


def _citations() -> Iterator[tuple[str, str, str]]:
    for name, text in SOURCES.items():
        for cited, quoted in CITATION.findall(text):
            # A citation without a heading is none.
            yield from ((name, cited, heading) for heading in _quoted(quoted) or ["?"])


@pytest.mark.parametrize(("name", "cited", "heading"), sorted(set(_citations())))
def test_a_citation_leads_to_a_heading(name: str, cited: str, heading: str) -> None:
    assert heading in _headings(ROOT / cited), f"{name} cites it"


def test_a_source_is_a_heading_of_ours_or_a_url() -> None:
    vague = [
        (name, text[found.start() : found.start() + 80])
        for name, text in SOURCES.items()
        for found in re.finditer(r"(?<!-> )\bSource(?: of [^:]*)?:", text)
        if not re.match(r" (?:`docs/|https://)", text[found.end() :])
    ]
    assert vague == []


def test_no_source_is_outside_of_this_repository() -> None:
    found = [(name, one) for name, text in SOURCES.items() for one in PRIVATE.findall(text)]
    assert found == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_a_link_leads_to_a_file_and_its_headings(document: Path) -> None:
    for quoted, target in LINK.findall(_text_of(document)):
        if target.startswith(("https://", "#")):
            continue
        file = document.parent / target.partition("#")[0]
        assert file.exists(), target
        assert set(_quoted(quoted)) <= _headings(file) if quoted else True, (target, quoted)


def test_contributors_find_every_room() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "currents_async").iterdir()
        if path.name not in {"__pycache__", "_built_version.py", "py.typed"}
    }
    assert {room for room in rooms if f"{room} " not in text} == set()


def test_contributors_find_every_test() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\btests/[\w/]+(?:\.\w+)?", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_fact_tells_where_it_is_from() -> None:
    for document in sorted((ROOT / "docs/api").glob("*.md")):
        assert re.search(r"\bSources?\b.*https://|\"Sources\"", _text_of(document)), document
