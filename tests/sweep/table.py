"""The table of what is not read, a line for each place and each way it is not."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.sweep.documents import Document
from tests.sweep.mutations import mutations
from tests.sweep.reading import read

TABLE = Path(__file__).with_name("table.txt")


class Sweep(NamedTuple):
    """What was found, and in how many cases."""

    refused: dict[tuple[str, str], dict[str, list[str]]]
    """By place and outcome: in which operations, and how the place was changed."""
    operations: int
    cases: int


def sweep(documents: Iterable[Document]) -> Sweep:
    """Read every document with every change; samples of an operation after the fake's response."""
    refused: dict[tuple[str, str], dict[str, list[str]]] = {}
    cases = 0
    done: defaultdict[str, set[str]] = defaultdict(set)
    for document in documents:
        name = document.operation or document.name.partition("-")[0]
        for mutation in mutations(document.content, done[name]):
            cases += 1
            try:
                outcome = read(document.name, document.operation, mutation.text)
            except Exception as error:
                error.add_note(f"{name} {mutation.place}: {mutation.kind}")
                raise
            if outcome:
                changes = refused.setdefault((mutation.place, outcome), {}).setdefault(name, [])
                changes.append(mutation.kind)
    return Sweep(refused, len(done), cases)


def table(found: Sweep) -> str:
    """Return the table as text."""
    return "".join(
        f"{place}\n    {', '.join(kinds)} -> {outcome}\n        {', '.join(names)}\n"
        for (place, outcome), operations in sorted(found.refused.items())
        for kinds, names in _by_kinds(operations)
    )


def _by_kinds(operations: dict[str, list[str]]) -> list[tuple[tuple[str, ...], list[str]]]:
    grouped: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, kinds in sorted(operations.items()):
        grouped[tuple(kinds)].append(name)
    return sorted(grouped.items())
