"""The tables as Markdown: `python -m currents_async.export._tables > …/TABLES.md`."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from currents_async.export._tables import KEYS, SCHEMAS

_INTRODUCTION = """\
# The tables of an export

The tables are the same for all test frameworks. Every row belongs to one project, day and run, by
which tables can be joined; specs, tests, attempts, annotations, metrics and artifacts also by their
instance. Null is what the server did not send, what its column cannot hold, or what an earlier
release did not write.
"""


def to_markdown() -> str:
    """Document all tables."""
    return "\n".join([_INTRODUCTION, *(line for name in SCHEMAS for line in _table(name))])


def _table(name: str) -> Iterator[str]:
    schema = SCHEMAS[name]
    yield f"## `{name}`\n"
    yield f"{_text(schema.metadata, b'doc')} Key: {', '.join(f'`{key}`' for key in KEYS[name])}.\n"
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
