"""Where compressed responses can be kept: what it takes to write one, and to read it."""

import os
import random
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.report import Column, Part, table
from benchmarks.results import value
from currents_async._cache.responses import KeptResponse, Lookup
from currents_async._cache.scope import Scope
from currents_async._cache.store import Store

_SIZE = 20_000
"""Bytes of a typical instance."""
_AT_ONCE = 16
"""Responses that a fan-out writes together."""
_SCOPE = Scope(b"secret")
_RUN = _SCOPE.name("run")

Write = Callable[[list[tuple[str, bytes]]], object]
Read = Callable[[str], object]
Opened = Generator[tuple[Write, Read]]


class _Measured(NamedTuple):
    writes: float
    """A second."""
    median: float
    """Microseconds of a read."""
    worst: float
    """The same that 99 % do not exceed."""


@contextmanager
def _ours(folder: Path) -> Opened:
    def kept(name: str, body: bytes) -> KeptResponse:
        return KeptResponse(_SCOPE, _SCOPE.name(name), _RUN, 2.0, b"gzip", body)

    with closing(Store(folder, 1 << 30)) as store:
        run = kept("run", b"")._replace(requested_at=1.0)
        store.write([lambda store: store.keep_run(run, renews=False)])
        yield (
            lambda items: store.write([partial(_keep, kept(*item)) for item in items]),
            lambda name: store.find([Lookup(_SCOPE, _SCOPE.name(name))]),
        )


def _keep(response: KeptResponse, store: Store) -> None:
    store.keep(response)


@contextmanager
def _files(folder: Path, *, sync: bool) -> Opened:
    def write(items: list[tuple[str, bytes]]) -> None:
        for name, body in items:
            with (folder / f".{name}").open("wb") as file:
                file.write(body)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            (folder / f".{name}").replace(folder / name)

    yield write, lambda name: (folder / name).read_bytes()


@contextmanager
def _diskcache(folder: Path) -> Opened:
    library: Any = import_module("diskcache")  # if it is there
    cache = library.Cache(str(folder), eviction_policy="least-recently-used")
    with closing(cache):

        def write(items: list[tuple[str, bytes]]) -> None:
            with cache.transact():
                for name, body in items:
                    cache.set(name, body)

        yield write, cache.get


_STORES: dict[str, Callable[[Path], AbstractContextManager[tuple[Write, Read]]]] = {
    "ours: SQLite, sealed": _ours,
    "files, renamed": partial(_files, sync=False),
    "files, fsynced and renamed": partial(_files, sync=True),
    "diskcache": _diskcache,
}


def stores(count: int) -> Part:
    """Write this many responses and read them in another order, in each store that is there."""
    found: dict[str, _Measured] = {}
    notes: list[str] = []
    for name, store in _STORES.items():
        try:
            with TemporaryDirectory() as folder, store(Path(folder)) as (write, read):
                found[name] = _measure(write, read, count)
        except ModuleNotFoundError as error:
            notes.append(f"{error.name} is not installed")
    columns = [
        Column("writes/s", value("writes"), 0),
        Column("read us", value("median")),
        Column("99 %", value("worst")),
    ]
    shown = table(
        f"{count} responses of {_SIZE} bytes, written {_AT_ONCE} at a time",
        {name: found[name] for name in found},
        columns,
    )
    return Part([shown], measured={"stores": found}, notes=notes)


def _measure(write: Write, read: Read, count: int) -> _Measured:
    chance = random.Random(1)  # noqa: S311 - no secret
    items = [(str(number), chance.randbytes(_SIZE)) for number in range(count)]
    began = time.perf_counter()
    for start in range(0, count, _AT_ONCE):
        write(items[start : start + _AT_ONCE])
    writes = count / (time.perf_counter() - began)
    chance.shuffle(items)
    reads = [_timed(read, name) for name, _ in items]
    return _Measured(writes, median(reads), quantiles(reads, n=100)[-1])


def _timed(read: Read, name: str) -> float:
    began = time.perf_counter()
    read(name)
    return (time.perf_counter() - began) * 1e6
