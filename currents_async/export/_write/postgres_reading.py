"""Reading a target in PostgreSQL, while an export may be writing to it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import Any

from currents_async.errors import ExportError
from currents_async.export._sql import named, quoted
from currents_async.export._tables import conform, schema_of
from currents_async.export._write.journal import Journal, Options
from currents_async.export._write.postgres_address import Address
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.postgres_records import JOURNAL, PostgresRecords


class PostgresReader:
    """The rows of a target, each table by a connection of its own."""

    def __init__(self, url: str) -> None:
        """Read what is recorded. Raises `ExportError` if there is no export."""
        self._address = Address(url)
        with closing(Database(self._address)) as database:
            options = Journal(PostgresRecords(database), JOURNAL, is_mine=False).options
        if options is None:
            raise ExportError(f"there is no export at {self._address}")
        self.options: Options = options
        """Those of the first export."""

    def read_days(
        self, table: str, columns: Sequence[str], days: tuple[date, date], projects: Collection[str]
    ) -> Iterator[Any]:
        """Iterate over some columns of the rows of some days, of some projects or of all."""
        first, last = days
        ours = f"AND project_id IN ({', '.join(map(quoted, projects))})" if projects else ""
        query = (
            f"SELECT {', '.join(map(named, columns))} FROM {named(self._address.schema, table)} "
            f"WHERE day BETWEEN DATE '{first}' AND DATE '{last}' {ours}"
        )
        schema = schema_of(table, columns)
        with closing(Database(self._address)) as database:
            for batch in database.read(query):
                yield conform(batch, schema)
