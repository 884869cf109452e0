"""What tables promise: `TABLES.md` shows it, and it changes with that file only."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from currents_async.export._tables import KEYS, SCHEMAS
from currents_async.export._tables.__main__ import to_markdown

FIELDS = [
    pytest.param(name, field, id=f"{name}.{field.name}")
    for name, schema in SCHEMAS.items()
    for field in schema
]
NAMES = list(SCHEMAS)


def test_the_document_is_up_to_date() -> None:
    # To change a table is to break somebody's query: do it on purpose, and write it down with
    # `python -m currents_async.export._tables > currents_async/export/TABLES.md`.
    documented = files("currents_async.export").joinpath("TABLES.md").read_text("utf-8")
    assert to_markdown() == documented


def test_there_are_ten_tables() -> None:
    assert NAMES == [
        "runs",
        "run_groups",
        "environments",
        "specs",
        "tests",
        "attempts",
        "annotations",
        "metrics",
        "artifacts",
        "errors",
    ]
    assert list(KEYS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_table_begins_alike(name: str) -> None:
    schema = SCHEMAS[name]
    assert schema.names[:3] == ["project_id", "day", "run_id"]
    assert schema.types[:3] == [pa.string(), pa.date32(), pa.string()]
    assert len(set(schema.names)) == len(schema.names)


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_never_null(name: str) -> None:
    schema = SCHEMAS[name]
    assert KEYS[name]
    assert not any(schema.field(column).nullable for column in KEYS[name])
    assert schema.metadata[b"key"].decode().split(",") == list(KEYS[name])
    assert schema.metadata[b"table"].decode() == name
    assert schema.metadata[b"doc"].endswith(b".")


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_every_column_is_documented(name: str, field: Any) -> None:
    metadata = field.metadata or {}
    assert metadata[b"doc"].endswith(b".")
    assert b"|" not in metadata[b"doc"]
    assert (metadata.get(b"unit") == b"ms") is field.name.endswith("_ms")
    assert (field.type == pa.timestamp("ms", tz="UTC")) is field.name.endswith("_at")


@pytest.mark.parametrize("name", NAMES)
def test_schemas_survive_files_and_streams(name: str, tmp_path: Path) -> None:
    schema, path = SCHEMAS[name], tmp_path / "table.parquet"
    pq.write_table(schema.empty_table(), path)
    assert pq.read_schema(path).equals(schema, check_metadata=True)
    assert ipc.read_schema(schema.serialize()).equals(schema, check_metadata=True)


def test_they_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SCHEMAS["runs"] = pa.schema([])  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    with pytest.raises(TypeError):
        KEYS["runs"] = ()  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
