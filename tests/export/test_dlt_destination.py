"""How rows are written for the destinations of dlt, most of which are not to be had here."""

from typing import Any

import pytest

pytest.importorskip("dlt")

import dlt
from dlt.common.configuration.container import Container

from currents_async.export._engines.dlt_destination import file_format_of, has_lists

pytestmark = pytest.mark.engines

LISTS, JSON_TEXT = True, False


@pytest.mark.parametrize(
    ("destination", "file_format", "lists"),
    [
        ("bigquery", "jsonl", LISTS),
        ("clickhouse", "parquet", JSON_TEXT),
        ("databricks", "parquet", JSON_TEXT),
        ("duckdb", "parquet", LISTS),
        ("filesystem", "parquet", LISTS),
        ("mssql", "insert_values", LISTS),
        ("postgres", "csv", JSON_TEXT),
        ("redshift", "insert_values", LISTS),
        ("snowflake", "parquet", LISTS),
        ("sqlalchemy", "parquet", LISTS),
    ],
)
def test_lists_have_a_type_that_the_destination_can_load(
    destination: str, file_format: str, *, lists: bool
) -> None:
    assert _written_for(destination) == (file_format, lists)


@pytest.mark.parametrize(
    ("destination", "asked_for", "file_format", "lists"),
    [
        ("filesystem", "csv", "csv", JSON_TEXT),
        ("filesystem", "jsonl", "jsonl", LISTS),
        ("postgres", "insert_values", "insert_values", LISTS),
        ("postgres", "preferred", "insert_values", LISTS),
        # What a destination does not know is ignored by dlt.
        ("postgres", "jsonl", "csv", JSON_TEXT),
    ],
)
def test_the_file_format_can_be_chosen(
    destination: str, asked_for: Any, file_format: str, *, lists: bool
) -> None:
    assert _written_for(destination, asked_for) == (file_format, lists)


def _written_for(destination: str, asked_for: Any = None) -> tuple[str, bool]:
    capabilities = getattr(dlt.destinations, destination)().capabilities()
    resource = dlt.resource([], name="runs", file_format=asked_for)
    with Container().injectable_context(capabilities):
        file_format = file_format_of(resource)
        return file_format, has_lists(resource, file_format)
