"""What dlt has loaded, and what it should have: rows of tables as JSON."""

import json
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from deltalake import DeltaTable

from currents_async.export._tables import SCHEMAS
from currents_async.testing import World
from tests.export.dlt_child import Order, pipeline_for
from tests.export.landed import Landed, expected

Tables = dict[str, list[str]]
"""Rows as JSON, in an order of their own."""


def wanted(world: World, order: Order) -> Tables:
    everything = flat(expected(world), is_csv=order.destination == "postgres")
    return {table: everything[table] for table in order.tables}


def flat(landed: Landed, *, is_csv: bool) -> Tables:
    rows = {
        table: [
            {
                "project_id": window.project_id,
                "day": window.day.isoformat(),
                **(as_csv(table, row) if is_csv else row),
            }
            for window, rows in windows.items()
            for row in rows
        ]
        for table, windows in landed.items()
    }
    return {table: sorted(map(as_json, of_table)) for table, of_table in rows.items()}


def as_csv(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Make a row what dlt makes of it by way of CSV."""
    schema = SCHEMAS[table]
    return {
        name: None if value == "" and schema.field(name).nullable else value
        for name, value in row.items()
    }


def as_json(row: dict[str, Any]) -> str:
    """Write a row, but not when it was fetched."""
    same = {name: value for name, value in row.items() if name != "exported_at"}
    return json.dumps(msgspec.to_builtins(same), sort_keys=True)


def loaded(order: Order) -> Tables:
    """What readers of the destination see, of loads that dlt says are complete."""
    match order.destination:
        case "duckdb":
            return in_duckdb(order)
        case "filesystem":
            return in_files(order)
        case "delta":
            return in_delta(order)
        case _:
            return in_database(order)


def in_database(order: Order) -> Tables:
    """What dlt's own connection finds, which gives Python's types."""
    tables: Tables = {}
    for table in order.tables:
        rows = query(order, f"SELECT * FROM {table}")  # noqa: S608 - one of ours
        assert [row.pop("is_tombstone") for row in rows] == [None] * len(rows)
        tables[table] = sorted(map(as_json, rows))
    return tables


def query(order: Order, sql: str) -> list[dict[str, Any]]:
    """Ask a database, in the dataset of our tables."""
    with pipeline_for(order).sql_client("currents") as client:
        if order.destination == "postgres":
            client.execute_sql("SET TIME ZONE 'UTC'")
        with client.execute_query(sql) as cursor:
            is_sqlite = order.destination == "sqlite"
            found: Any = cursor.native_cursor
            names = found.keys() if is_sqlite else [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def in_duckdb(order: Order) -> Tables:
    tables: Tables = {}
    with duckdb.connect(Path(order.directory) / "loaded", read_only=True) as database:
        database.execute("SET TimeZone = 'UTC'")
        for table in order.tables:
            rows = database.sql(f"FROM tables.{table}").to_arrow_table().to_pylist()
            for row in rows:
                assert row.pop("is_tombstone") is None
                for field in SCHEMAS[table]:
                    if str(field.type).startswith("list"):
                        row[field.name] = json.loads(row[field.name])
            tables[table] = sorted(map(as_json, rows))
    return tables


def in_delta(order: Order) -> Tables:
    directory = Path(order.directory) / "loaded" / "tables"
    tables: Tables = {}
    for table in order.tables:
        tables[table] = []
        # dlt makes none before there are rows.
        if DeltaTable.is_deltatable(str(directory / table)):
            rows = DeltaTable(directory / table).to_pyarrow_table().to_pylist()
            tables[table] = sorted(map(as_json, rows))
    return tables


def in_files(order: Order) -> Tables:
    directory = Path(order.directory) / "loaded" / "tables"
    complete = {path.stem.split("__")[1] for path in (directory / "_dlt_loads").glob("*__*")}
    tables: Tables = {}
    for table in order.tables:
        files = [
            path
            for path in (directory / table).glob("*.parquet")
            if path.name.rpartition(".parquet")[0].rpartition(".")[0] in complete
        ]
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            rows = [
                row
                for path in files
                for row in database.read_parquet(str(path)).to_arrow_table().to_pylist()
            ]
        tables[table] = sorted(map(as_json, rows))
    return tables
