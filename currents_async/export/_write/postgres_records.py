"""The record of an export in a PostgreSQL database, in a table beside its data."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from currents_async.errors import ExportError
from currents_async.export._sql import named, quoted
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.stores import Records, make_private, workplace_of

JOURNAL = "journal"
"""Its name in the table."""
RECORDS_TABLE = "_currents_records"
_ABOUT = (
    "What exports keep to themselves: which days they have written, and what is missing of them. "
    "With it gone, nothing can be resumed."
)


class PostgresRecords(Records):
    """Files in a table, in pieces: a piece that is appended is a row."""

    def __init__(self, database: Database) -> None:
        """Use a table that may not exist yet."""
        super().__init__(workplace_of(f"postgres:{database.address}"))
        self._database = database
        self._table = named(database.address.schema, RECORDS_TABLE)
        self._known: dict[str, int] = {}
        """The last pieces that appended files must have, unless another export writes as well."""

    def prepare(self) -> None:
        make_private(self.staging.parent)

    def make(self) -> None:
        """Make the table, and the schema, if they do not exist."""
        schema = self._database.address.schema
        if not self._database.query(f"SELECT 1 FROM pg_namespace WHERE nspname = {quoted(schema)}"):
            self._database.run(f"CREATE SCHEMA {named(schema)}")
        if not self._exists:
            self._database.run(
                f"CREATE TABLE {self._table} (name text NOT NULL, "
                "piece bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content text NOT NULL)",
                f"CREATE INDEX ON {self._table} (name, piece)",
                f"COMMENT ON TABLE {self._table} IS {quoted(_ABOUT)}",
            )

    @property
    def _exists(self) -> bool:
        [(found,)] = self._database.query(f"SELECT to_regclass({quoted(self._table)}) IS NOT NULL")
        return bool(found)

    def read(self, name: str) -> bytes | None:
        rows = self._rows(name, "piece, content") if self._exists else []
        self._known[name] = max((piece for piece, _ in rows), default=0)
        return "".join(content for _, content in rows).encode() if rows else None

    def write(self, name: str, content: bytes) -> None:
        self._database.run(self._removal_of(name), self._insertion(name, content))

    def remove(self, name: str) -> None:
        self._database.run(self._removal_of(name))

    def append(self, name: str, line: bytes) -> None:
        self.check(name)
        self._database.run(self._insertion(name, line))
        self._known[name] = self._last(name)

    def check(self, name: str) -> None:
        if self._last(name) != self._known.get(name, 0):
            raise ExportError(
                f"another export writes to this target, {self._database.address}: what it has "
                "written is kept, and nothing else of this export is written"
            )

    @contextmanager
    def fetch(self, name: str) -> Generator[Path | None]:
        rows = self._rows(name, "content")
        path = self.stage(Path(name).name)
        path.write_text("".join(content for (content,) in rows), "utf-8", newline="")
        try:
            yield path if rows else None
        finally:
            path.unlink()

    @contextmanager
    def _locked(self) -> Generator[None]:
        with self._database.transaction():
            # What is compared inside stays true until the end, even if the session's lock is gone.
            self._database.run(f"LOCK TABLE {self._table} IN SHARE ROW EXCLUSIVE MODE")
            yield

    def transaction(self) -> AbstractContextManager[None]:
        return self._locked()

    def _rows(self, name: str, columns: str) -> list[tuple[Any, ...]]:
        return self._database.query(
            f"SELECT {columns} FROM {self._table} WHERE name = {quoted(name)} ORDER BY piece"
        )

    def _last(self, name: str) -> int:
        [(piece,)] = self._database.query(
            f"SELECT coalesce(max(piece), 0) FROM {self._table} WHERE name = {quoted(name)}"
        )
        return int(piece)

    def _removal_of(self, name: str) -> str:
        return f"DELETE FROM {self._table} WHERE name = {quoted(name)}"

    def _insertion(self, name: str, content: bytes) -> str:
        return (
            f"INSERT INTO {self._table} (name, content) "
            f"VALUES ({quoted(name)}, {quoted(content.decode())})"
        )
