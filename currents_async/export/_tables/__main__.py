"""The tables as Markdown: `python -m currents_async.export._tables > …/TABLES.md`."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from currents_async.export._tables import STORED

_INTRODUCTION = """\
# The tables of an export

The tables are the same for all test frameworks. Every row belongs to one project, day and run, by
which tables can be joined; specs, tests, attempts, annotations, metrics and artifacts also by their
instance. The table `windows` is of the days themselves. Null is what the server did not send, what
its column cannot hold, or what an earlier release did not write.
"""


def to_markdown() -> str:
    """Document all tables."""
    return "\n".join([_INTRODUCTION, *(line for name in STORED for line in _table(name))])


def _table(name: str) -> Iterator[str]:
    schema = STORED[name]
    key = _text(schema.metadata, b"key").replace(",", "`, `")
    yield f"## `{name}`\n"
    yield f"{_text(schema.metadata, b'doc')} Key: `{key}`.\n"
    yield "| column | type | null | what it is |"
    yield "|---|---|---|---|"
    fields: list[pa.Field[Any]] = list(schema)
    for field in fields:
        unit = _text(field.metadata, b"unit")
        kind = f"`{field.type}`, {unit}" if unit else f"`{field.type}`"
        null = "yes" if field.nullable else ""
        yield f"| `{field.name}` | {kind} | {null} | {_text(field.metadata, b'doc')} |"
    yield ""


def _text(metadata: Mapping[bytes, bytes] | None, key: bytes) -> str:
    return (metadata or {}).get(key, b"").decode()


if __name__ == "__main__":
    sys.stdout.write(to_markdown())
