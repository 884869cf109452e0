"""A connection to PostgreSQL, by its ADBC driver, and what its errors become."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from importlib import import_module
from typing import Any

from currents_async.errors import ExportError, MissingExtraError
from currents_async.export._write.postgres_address import Address

LOCK_WAIT = 5.0
"""Seconds: after a kill, the server takes a moment to notice that nobody is there any more."""
_DRIVER = "adbc_driver_postgresql"
_FIRST_WITH_CHECKS = 140_000
_WORDS = re.compile(
    r"(?:(?:ERROR|FATAL):\s+|Failed to connect: )(.*?)\s*(?:\nLINE |\n\nQuery was|\. SQLSTATE|\Z)",
    re.DOTALL,
)
_LOCK_NOT_AVAILABLE, _NO_PERMISSION = "55P03", "42501"


class Database:
    """One connection, for one thread at a time. Each statement is a transaction, or inside one."""

    def __init__(self, address: Address) -> None:
        """Connect. Raises `ExportError` if that is not possible."""
        self.address = address
        self._is_in_transaction = False
        self._driver = _load_driver()
        with self._errors("cannot be connected to"):
            self._connection = address.connect(self._driver)
        try:
            self._settle()
        except BaseException:
            self.close()
            raise

    def _settle(self) -> None:
        """Let nothing end a session that is idle while runs are fetched, or that loads for long."""
        settings = ["statement_timeout = 0", "idle_in_transaction_session_timeout = 0"]
        settings += ["client_min_messages = warning", "standard_conforming_strings = on"]
        settings += ["client_encoding = 'UTF8'"]
        [(version,)] = self.query("SELECT current_setting('server_version_num')::int")
        if version >= _FIRST_WITH_CHECKS:
            settings += ["idle_session_timeout = 0"]
        self.run(*(f"SET {setting}" for setting in settings))
        if version >= _FIRST_WITH_CHECKS:
            # Else the statement of a client that was killed goes on; not all systems can tell.
            with suppress(ExportError):
                self.run("SET client_connection_check_interval = 1000")

    def run(self, *statements: str) -> None:
        """Execute statements, in one message to the server."""
        with self._errors(), closing(self._connection.cursor()) as cursor:
            cursor.executescript(";\n".join(statements))

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which are few."""
        with self._errors(), closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def read(self, query: str) -> Iterator[Any]:
        """Iterate over the rows of a query as `pyarrow.RecordBatch`es, as they arrive."""
        with self._errors(), closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            yield from cursor.fetch_record_batch()

    def ingest(self, table: str, rows: Any) -> None:
        """Copy the rows of a `pyarrow.RecordBatchReader` into a temporary table."""
        with self._errors(), closing(self._connection.cursor()) as cursor:
            cursor.adbc_ingest(table, rows, mode="append", temporary=True)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make all that is done inside `with` visible at its end, or nothing of it.

        One inside another is a part of it.
        """
        if self._is_in_transaction:
            yield
            return
        self.run("BEGIN")
        self._is_in_transaction = True
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # A connection that is lost takes its transaction with it.
            with suppress(ExportError):
                self.run("ROLLBACK")
            raise
        finally:
            self._is_in_transaction = False

    def lock(self) -> None:
        """Lock the schema for this session; the server unlocks it when the connection ends."""
        key = int.from_bytes(
            sha256(f"currents_async {self.address.schema}".encode()).digest()[:8], signed=True
        )
        self.run(f"SET lock_timeout = {round(LOCK_WAIT * 1000)}")
        try:
            self.query(f"SELECT pg_advisory_lock({key})::text")
        finally:
            with suppress(ExportError):
                self.run("SET lock_timeout = 0")

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        with suppress(self._driver.Error):
            self._connection.close()

    @contextmanager
    def _errors(self, what: str = "refuses this") -> Generator[None]:
        """Raise `ExportError` for errors of the driver, without passwords and statements."""
        try:
            yield
        except self._driver.Error as error:
            code = getattr(error, "sqlstate", None)
            if code == _LOCK_NOT_AVAILABLE:
                message = f"another export is writing to this target, {self.address}"
            else:
                found = _WORDS.search(str(error))
                words = self.address.redact(found[1] if found else str(error))
                hint = f" ({_NEEDED})" if code == _NO_PERMISSION else ""
                message = f"PostgreSQL at {self.address} {what}: {words}{hint}"
        else:
            return
        raise ExportError(message) from None


_NEEDED = (
    "an export needs a schema of its own: CREATE SCHEMA … AUTHORIZATION its user, "
    "and the privilege TEMPORARY on the database"
)


def _load_driver() -> Any:
    try:
        return import_module(f"{_DRIVER}.dbapi")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("adbc_driver_"):
            raise
        missing = error.name.partition(".")[0]
    raise MissingExtraError(
        f"{missing} is not installed: python -m pip install 'currents-async[postgres]'",
        name=missing,
    )
