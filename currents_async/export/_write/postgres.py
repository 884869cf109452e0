"""Tables in a PostgreSQL database."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from currents_async.errors import ExportError
from currents_async.export._sql import named, quoted
from currents_async.export._tables import STORED, conform, schema_of
from currents_async.export._windows import Window
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.postgres_tables import prepare_tables
from currents_async.export._write.sinks import Compacted
from currents_async.export._write.staging import Staging
from currents_async.export._write.stores import Records

_NUL = "\0"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class PostgresSink:
    """A schema of a PostgreSQL database, with its tables, all of which are created.

    A window is staged in Arrow files on this machine, copied into temporary tables, and replaces
    its old rows in all tables in one transaction. Other tables are left alone. Of rows with the
    same key the first one is kept. NUL in a text, which PostgreSQL cannot store, becomes U+FFFD.
    """

    def __init__(
        self, database: Database, records: Records, tables: Iterable[str], *, is_new: bool
    ) -> None:
        """Make the tables of a target that `is_new`; raise `ExportError` if something is there."""
        self._database = database
        self._tables = tuple(tables)
        prepare_tables(database, self._tables, is_new=is_new)
        self._staging = Staging(records)
        self._staged: set[str] = set()
        """The temporary tables that this session has."""

    def write(self, window: Window, table: str, batch: Any) -> None:
        self._staging.write(window, table, batch)

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        schema = STORED[table] if columns is None else schema_of(table, columns)
        names = ", ".join(map(named, schema.names))
        query = f"SELECT {names} FROM {self._named(table)} WHERE {_is_of(window)}"
        return (conform(batch, schema) for batch in self._database.read(query))

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        """Replace the old rows of a window, in one transaction unless there is one already."""
        self.commit_all({window: unchanged})

    def commit_all(self, windows: Mapping[Window, Collection[str]]) -> None:
        """Commit several windows, in one transaction."""
        with self._database.transaction():
            for window, unchanged in windows.items():
                self._replace(window, [one for one in self._tables if one not in unchanged])

    def count(self, table: str, windows: Iterable[Window]) -> Counter[Window]:  # noqa: ARG002 - all are counted
        found = self._database.query(
            f"SELECT day, project_id, count(*) FROM {self._named(table)} GROUP BY 1, 2"
        )
        return Counter({Window(day, project_id): rows for day, project_id, rows in found})

    def compact(self, windows: Collection[Window]) -> Compacted:  # noqa: ARG002 - there is nothing to join
        raise ExportError("PostgreSQL keeps its tables in good order itself: nothing to compact")

    def delete(self, windows: Collection[Window], *, kept: Collection[Window]) -> None:  # noqa: ARG002 - tables stay
        with self._database.transaction():
            for window in windows:
                self._database.run(*(self._deletion(window, one) for one in self._tables))

    def close(self) -> None:
        self._staging.close()

    def _replace(self, window: Window, tables: Iterable[str]) -> None:
        statements: list[str] = []
        for table in tables:
            statements.append(self._deletion(window, table))
            with self._staging.take(window, table) as rows:
                if rows is not None:
                    self._stage(table, rows)
                    statements += self._insertion(table)
        self._database.run(*statements)

    def _stage(self, table: str, rows: Any) -> None:
        staged = _staged(table)
        if table not in self._staged:
            # Only with our columns: there may be others that must not be null.
            self._database.run(
                f"CREATE TEMPORARY TABLE {named(staged)} AS "
                f"SELECT {_columns(table)} FROM {self._named(table)} WITH NO DATA"
            )
            self._staged.add(table)
        batches = map(_storable, rows)
        self._database.ingest(staged, pa.RecordBatchReader.from_batches(rows.schema, batches))

    def _insertion(self, table: str) -> Iterator[str]:
        name, staged, columns = self._named(table), named(_staged(table)), _columns(table)
        if "run_id" in STORED[table].names:
            # A run may have been in another window as long as its start time was not known. As an
            # array they are looked up in the index, and not compared with all rows of the table.
            # What is of no run, such as a list that failed, is of its window alone.
            runs = f"ARRAY(SELECT DISTINCT run_id FROM {staged} WHERE run_id <> '')"
            yield f"DELETE FROM {name} WHERE run_id = ANY ({runs})"
        yield (
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {staged} ON CONFLICT DO NOTHING"
        )
        yield f"TRUNCATE {staged}"

    def _deletion(self, window: Window, table: str) -> str:
        return f"DELETE FROM {self._named(table)} WHERE {_is_of(window)}"

    def _named(self, table: str) -> str:
        return named(self._database.address.schema, table)


def _is_of(window: Window) -> str:
    return f"project_id = {quoted(window.project_id)} AND day = DATE '{window.day}'"


def _staged(table: str) -> str:
    return f"currents_staged_{table}"


def _columns(table: str) -> str:
    return ", ".join(map(named, STORED[table].names))


def _storable(batch: Any) -> Any:
    """Return rows without the one character that PostgreSQL cannot store."""
    columns = [_without_nul(column) if _has_nul(column) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _has_nul(column: Any) -> bool:
    texts = column.flatten() if pa.types.is_list(column.type) else column
    if not pa.types.is_string(texts.type):
        return False
    return bool(pc.any(pc.match_substring(texts, _NUL)).as_py())  # pyright: ignore[reportAttributeAccessIssue]


def _without_nul(column: Any) -> Any:
    values = [
        [_mended(text) for text in value] if isinstance(value, list) else _mended(value)
        for value in column.to_pylist()
    ]
    return pa.array(values, column.type)


def _mended(text: str | None) -> str | None:
    return None if text is None else text.replace(_NUL, _REPLACEMENT)
