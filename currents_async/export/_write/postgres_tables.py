"""The tables of an export in PostgreSQL: their columns, keys, indexes and comments."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from currents_async.errors import ExportError
from currents_async.export._sql import named, quoted
from currents_async.export._tables import KEYS, STORED, WINDOWS, comment_of, strange_columns
from currents_async.export._write.postgres_database import Database

TYPES: Mapping[str, str] = {
    "string": "text",
    "date32[day]": "date",
    "timestamp[ms, tz=UTC]": "timestamp with time zone",
    "int32": "integer",
    "int64": "bigint",
    "bool": "boolean",
    "double": "double precision",
    "list<element: string>": "text[]",
}
"""What PostgreSQL calls the types of columns."""
_WINDOW: tuple[str, ...] = ("project_id", "day")
_ORDINARY, _PARTITIONED = "r", "p"


def key_of(table: str) -> tuple[str, ...]:
    """Return the columns of the primary key of a table."""
    return _WINDOW if table == WINDOWS else KEYS[table]


def prepare_tables(database: Database, tables: Iterable[str], *, is_new: bool) -> None:
    """Make the tables of a target that `is_new`, or give it columns of newer releases.

    Raises `ExportError` if a table is not what an export has left.
    """
    existing = _columns(database, tables)
    statements: list[str] = []
    for table in tables:
        if table not in existing:
            if not is_new:
                raise ExportError(
                    f"the table {table} of this target was removed: put it back, or drop the "
                    f"schema {database.address.schema} and export again"
                )
            statements += _creation(database.address.schema, table)
        else:
            _check(table, existing[table])
            statements += _additions(database.address.schema, table, existing[table])
    if statements:
        with database.transaction():
            database.run(*statements)


def _columns(database: Database, tables: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the types of the columns of tables that exist, or of views in their place."""
    found = database.query(
        "SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod) "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        f"WHERE n.nspname = {quoted(database.address.schema)} "
        f"AND c.relname IN ({', '.join(map(quoted, tables))})"
    )
    columns: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for table, kind, column, its_type in found:
        if kind not in {_ORDINARY, _PARTITIONED}:
            raise ExportError(
                f"{table} in the schema {database.address.schema} is not a table: "
                "use another schema, ?schema=…"
            )
        columns[table][column] = its_type
    return columns


def _check(table: str, existing: Mapping[str, str]) -> None:
    wanted = {field.name: TYPES[str(field.type)] for field in _fields(table)}
    strange = strange_columns(existing, wanted, dict.fromkeys((*_WINDOW, *key_of(table))))
    if strange:
        raise ExportError(
            f"the table {table} was not made by this release of the library, or was altered "
            f"since (columns {', '.join(strange)}): undo that, or use another "
            "schema, ?schema=…"
        )


def _creation(schema: str, table: str) -> Iterator[str]:
    key, name = key_of(table), named(schema, table)
    columns = [f"{named(field.name)} {TYPES[str(field.type)]}" for field in _fields(table)]
    columns.append(f"PRIMARY KEY ({', '.join(map(named, key))})")
    yield f"CREATE TABLE {name} ({', '.join(columns)})"
    indexes: list[tuple[str, ...]] = [_WINDOW] if key != _WINDOW else []
    if key[0] != "run_id" and "run_id" in STORED[table].names:
        indexes.append(("run_id",))
    if table == "tests":
        indexes.append(("test_id",))
    for index in indexes:
        yield f"CREATE INDEX ON {name} ({', '.join(map(named, index))})"
    schema_of_table: Any = STORED[table]
    yield f"COMMENT ON TABLE {name} IS {quoted(comment_of(schema_of_table.metadata))}"
    for field in _fields(table):
        yield _comment(name, field)


def _additions(schema: str, table: str, existing: Mapping[str, str]) -> Iterator[str]:
    name = named(schema, table)
    for field in _fields(table):
        if field.name not in existing:
            kind = TYPES[str(field.type)]
            yield f"ALTER TABLE {name} ADD COLUMN {named(field.name)} {kind}"
            yield _comment(name, field)


def _comment(table: str, field: Any) -> str:
    text = quoted(comment_of(field.metadata))
    return f"COMMENT ON COLUMN {table}.{named(field.name)} IS {text}"


def _fields(table: str) -> list[Any]:
    return list(STORED[table])
