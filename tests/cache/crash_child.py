"""Processes that write to one cache, and some that are killed while they do.

python -m tests.cache.crash_child FOLDER {together,killed} TIMES
"""

import os
import random
import signal
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from currents_async._cache.database import FILE
from currents_async._cache.responses import KeptResponse, Lookup
from currents_async._cache.scope import Scope
from currents_async._cache.store import Change, Store

SCOPE = Scope(b"secret")
ROOM = 1 << 30


def a_run(name: str, body: bytes = b"") -> KeptResponse:
    """A run that is kept from second 1 on."""
    own = SCOPE.name(name)
    return KeptResponse(SCOPE, own, own, 1.0, b"gzip", body or name.encode() * 5000)


def an_instance(name: str, run: str, requested_at: float = 2.0) -> KeptResponse:
    return a_run(name)._replace(run=SCOPE.name(run), requested_at=requested_at)


def kept(run: KeptResponse) -> Change:
    return lambda store: store.keep_run(run, renews=False)


def bodies(store: Store, names: Iterable[str]) -> list[bytes | None]:
    found = store.find([Lookup(SCOPE, SCOPE.name(name)) for name in names])
    return [None if one is None else one.body for one in found]


def _write(folder: Path, names: Iterator[str], note: int) -> None:
    """Write runs, and a byte after each of them."""
    with closing(Store(folder, ROOM)) as store:
        for name in names:
            store.write([kept(a_run(name))])
            os.write(note, b"x")


def _fork(folder: Path, names: Iterator[str]) -> tuple[int, int]:
    """Write in a child; return its number, and where its notes arrive."""
    arrives, note = os.pipe()
    child = os.fork()
    if not child:
        _write(folder, names, note)
        os._exit(0)
    os.close(note)
    return child, arrives


def _check(folder: Path, names: list[str]) -> None:
    """Fail if anything is missing, or the database is damaged."""
    with closing(Store(folder, ROOM)) as store:
        assert bodies(store, names) == [a_run(name).body for name in names]
    with closing(sqlite3.connect(folder / FILE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [counted] = database.execute("SELECT sum(length(body) + 128) FROM responses")
        assert database.execute("SELECT sum(size) FROM runs").fetchall() == [counted]


def together(folder: Path, times: int) -> None:
    """Write in two processes at once."""
    names = [[f"{one} {number}" for number in range(times)] for one in "ab"]
    children = [_fork(folder, iter(own)) for own in names]
    for child, _ in children:
        assert os.waitpid(child, 0)[1] == 0
    _check(folder, [*names[0], *names[1]])


def killed(folder: Path, times: int) -> None:
    """Kill a process after some of its writes, amid the next one or after it."""
    chance = random.Random(1)  # noqa: S311 - no secret
    written: list[str] = []
    for time in range(times):
        names = [f"{time} {number}" for number in range(1000)]
        child, arrives = _fork(folder, iter(names))
        notes = os.read(arrives, 1)
        for _ in range(chance.randrange(3_000)):
            pass  # so that it is not always at the same point
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(arrives, 4096):
            notes += more
        os.close(arrives)
        _check(folder, names[: len(notes)])
        written += names[: len(notes)]
    _check(folder, written)


if __name__ == "__main__":
    _, where, what, how_often = sys.argv
    {"together": together, "killed": killed}[what](Path(where), int(how_often))
