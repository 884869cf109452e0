"""The responses that are kept, as rows of a database."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any

from currents_async._cache.database import Database
from currents_async._cache.responses import KeptResponse, Lookup

_KEEP = 30 * 24 * 3600.0
"""Seconds for which a run is kept: what is deleted in the service must not stay here for good."""

_FIND = """
    SELECT responses.name, run, requested_at, encoding, body, seal
    FROM responses JOIN runs ON runs.name = run
    WHERE responses.name IN (%s) AND ended_by <= requested_at
"""
_AT_ONCE = 64
"""Responses that one statement looks for: SQLite takes at least 999."""


Change = Callable[["Store"], None]


class Store:
    """Responses by their names, each of a run; blocking, for one thread at a time.

    A response is found only if it was requested when its run was known to have ended: before that,
    it may have been one of a run in progress. Each is sealed by a digest that nobody can make
    without the API key, and one that was changed on the disk is dropped.

    Raises `sqlite3.Error` and `OSError`.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used: set[bytes] = set()
        """Runs of which something was found since the last write."""
        self._broken: set[bytes] = set()
        """Responses that were found to be broken since then."""
        self._database = Database(folder)

    def find(self, lookups: Sequence[Lookup]) -> list[KeptResponse | None]:
        """Return what is kept, in the order of the lookups."""
        return self._database.mending(lambda: self._find_all(lookups))

    def write(self, changes: Sequence[Change]) -> None:
        """Make changes: all of them or none."""
        self._database.mending(lambda: self._write(changes))
        self._used.clear()
        self._broken.clear()

    def clear(self) -> None:
        """Drop everything, and give the space back to the disk."""
        self._used.clear()
        self.write([Store._drop_all])
        self._database.vacuum()

    def close(self) -> None:
        """Note what was used last, if that is possible, and close the database."""
        with suppress(sqlite3.Error, OSError):
            if self._used or self._broken:
                self.write([])
        self._database.close()

    # Changes, to be made by `write`.

    def keep(self, response: KeptResponse, *, in_doubt: bool = False) -> None:
        """Keep a response of a run that is known to have ended, or, if `in_doubt`, may have."""
        _, name, run, requested_at, encoding, body = response
        if in_doubt:
            self._add(run)
        self._database.execute("DELETE FROM responses WHERE name = ?", name)
        self._database.execute(
            "INSERT INTO responses SELECT ?, name, ?, ?, ?, ? FROM runs WHERE name = ?",
            *(name, requested_at, encoding, body, response.seal(), run),
        )

    def keep_run(self, response: KeptResponse, *, renews: bool) -> None:
        """Keep a run that has ended, which is known from `requested_at` on.

        If it `renews` one that was kept, nothing of that run is found that was requested before.
        """
        self._add(response.run)
        known = "?" if renews else "min(?, coalesce(ended_by, 9e999))"
        self._database.execute(
            f"UPDATE runs SET ended_by = {known} WHERE name = ?",  # noqa: S608 - of no values
            *(response.requested_at, response.run),
        )
        self.keep(response)

    def forget(self, run: bytes) -> None:
        """Drop a run and its instances."""
        # The run first: its size need not be counted down.
        self._database.execute("DELETE FROM runs WHERE name = ?", run)
        self._database.execute("DELETE FROM responses WHERE run = ?", run)

    def _drop_all(self) -> None:
        self._database.execute("DELETE FROM runs")
        self._database.execute("DELETE FROM responses")

    def _add(self, run: bytes) -> None:
        now = time.time()
        self._database.execute(
            "INSERT OR IGNORE INTO runs(name, since, used_at) VALUES(?, ?, ?)", run, now, now
        )

    def _find_all(self, lookups: Sequence[Lookup]) -> list[KeptResponse | None]:
        rows: dict[object, list[Any]] = {}
        for start in range(0, len(lookups), _AT_ONCE):
            names = [lookup.name for lookup in lookups[start : start + _AT_ONCE]]
            statement = _FIND % ",".join("?" * len(names))
            for name, *row in self._database.execute(statement, *names):
                rows[name] = row
        return [self._checked(one, rows[one.name]) if one.name in rows else None for one in lookups]

    def _checked(self, lookup: Lookup, row: list[Any]) -> KeptResponse | None:
        *fields, seal = row
        found = KeptResponse(*lookup, *fields)
        # Of what is broken, anything may be of any type.
        if isinstance(found.body, bytes) and found.seal() == seal:  # pyright: ignore[reportUnnecessaryIsInstance]
            self._used.add(found.run)
            return found
        self._broken.add(lookup.name)
        return None

    def _write(self, changes: Sequence[Change]) -> None:
        with self._database.transaction():
            for change in changes:
                change(self)
            for name in self._broken:
                self._database.execute("DELETE FROM responses WHERE name = ?", name)
            now = time.time()
            for run in self._used:
                self._database.execute("UPDATE runs SET used_at = ? WHERE name = ?", now, run)
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Drop runs that were kept for long enough, then those that were used least recently."""
        for (run,) in self._database.execute("SELECT name FROM runs WHERE since < ?", now - _KEEP):
            self.forget(run)
        [(surplus,)] = self._database.execute(
            "SELECT coalesce(sum(size), 0) - ? FROM runs", self._max_bytes
        )
        if surplus <= 0:
            return
        runs = self._database.execute("SELECT name, size FROM runs ORDER BY used_at")
        freed = accumulate((size for _, size in runs), initial=0)
        for (run, _), so_far in zip(runs, freed, strict=False):
            if so_far >= surplus:
                return
            self.forget(run)
