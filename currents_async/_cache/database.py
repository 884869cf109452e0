"""The database that responses are kept in: one file, which only the user can read."""

import os
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

FILE = "responses.sqlite3"

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = 5.0
"""Seconds to wait while another process writes."""
_POLL = 0.01
_PAGE = 16 * 1024
"""Bytes: most responses are within two pages."""
_LOG = 4 * 1024 * 1024
"""Bytes that the write-ahead log may keep on the disk."""

# A response takes about 128 bytes besides its body.
_VERSION = 1
"""Of the tables: a database of another version is emptied."""
_TABLES = (
    "DROP TABLE IF EXISTS runs",
    "DROP TABLE IF EXISTS responses",
    """CREATE TABLE runs(
        name BLOB PRIMARY KEY, since REAL, used_at REAL, ended_by REAL, size INTEGER DEFAULT 0
    ) WITHOUT ROWID""",
    """CREATE TABLE responses(
        name BLOB PRIMARY KEY, run BLOB, requested_at REAL, encoding BLOB, body BLOB, seal BLOB
    )""",
    "CREATE INDEX responses_of_run ON responses(run)",
    """CREATE TRIGGER kept AFTER INSERT ON responses BEGIN
        UPDATE runs SET size = size + length(new.body) + 128 WHERE name = new.run;
    END""",
    """CREATE TRIGGER dropped AFTER DELETE ON responses BEGIN
        UPDATE runs SET size = size - length(old.body) - 128 WHERE name = old.run;
    END""",
    f"PRAGMA user_version = {_VERSION}",
)


class Database:
    """A connection with the tables; blocking, for one thread at a time.

    Raises `sqlite3.Error` and `OSError`. What was committed survives a crash of the process; one of
    the system may cost the last commits.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._connection = self._open()
        self.mending(self._prepare)

    def execute(self, statement: str, *values: object) -> list[Any]:
        """Execute a statement, and return the rows of its result."""
        return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make all changes or none."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # it may have ended by itself
                self.execute("ROLLBACK")
            raise

    def mending(self, work: Callable[[], T]) -> T:
        """Work with the database; if that is found to be broken, do it again with an empty one."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BROKEN:
                raise
        self._replace()
        return work()

    def vacuum(self) -> None:
        """Give the space of what was deleted back to the disk."""
        self.execute("VACUUM")
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its other files the mode of this one.
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self._file, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = bytes  # in a broken file, text may be anything
        return connection

    def _prepare(self) -> None:
        """Choose how to write, and make the tables if there are none."""
        self.execute(f"PRAGMA page_size = {_PAGE}")  # of a new file
        self._log_ahead()
        self.execute("PRAGMA synchronous = NORMAL")
        self.execute(f"PRAGMA journal_size_limit = {_LOG}")
        with self.transaction():
            if self.execute("PRAGMA user_version") != [(_VERSION,)]:
                for statement in _TABLES:
                    self.execute(statement)

    def _log_ahead(self) -> None:
        """Begin a write-ahead log, for which SQLite does not wait by itself."""
        gives_up_at = time.monotonic() + _BUSY
        while True:
            try:
                self.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > gives_up_at:
                    raise
                time.sleep(_POLL)
            else:
                return

    def _replace(self) -> None:
        self.close()
        # The log first: that of a file that is gone would be taken for the new one's.
        for ending in ("-wal", "-shm", ""):
            self._file.with_name(FILE + ending).unlink(missing_ok=True)
        self._connection = self._open()
        self._prepare()
