"""A PostgreSQL database as the target of an export."""

from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager

from currents_async.errors import ExportError
from currents_async.export._tables import WINDOWS
from currents_async.export._write.journal import Journal
from currents_async.export._write.lock import locked
from currents_async.export._write.postgres import PostgresSink
from currents_async.export._write.postgres_address import Address
from currents_async.export._write.postgres_database import Database
from currents_async.export._write.postgres_records import JOURNAL, PostgresRecords


@contextmanager
def open_database(
    url: str, tables: Iterable[str] | None, *, create: bool
) -> Generator[tuple[PostgresSink, Journal]]:
    """Open a schema for this export only, and make it if it is to be created.

    Raises `InvalidArgumentError` for a URL that is not valid, `MissingExtraError` without the
    driver, and `ExportError` for everything that the database refuses.
    """
    with closing(Database(Address(url))) as database:
        records = PostgresRecords(database)
        with locked(records):
            records.tidy()
            database.lock()
            journal = Journal(records, JOURNAL)
            if journal.options is None and not create:
                raise ExportError(f"there is no export at {database.address}")
            if create:
                records.make()
            stored = (*journal.tables_of(tables), WINDOWS)
            sink = PostgresSink(database, records, stored, is_new=journal.is_empty)
            with closing(sink):
                yield sink, journal
