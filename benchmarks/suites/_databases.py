"""Loading PostgreSQL from an export in files, as the sink does it."""

import asyncio
import time
from collections.abc import Iterable
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.dataset as ds

from benchmarks.processes import Server
from benchmarks.report import Column, Part, at_most, table
from benchmarks.server import KEY, SINCE, Fake
from currents_async import Currents
from currents_async.export import SCHEMAS, export
from currents_async.export._tables import STORED
from currents_async.export._windows import Window
from currents_async.export._write.target import Target, open_target

_DAYS = 10
_REACH, _REPLACED = 4, 0.1


def database(server: Server, missing: dict[str, str], *, specs: int) -> list[Part]:
    """Load all days, then one of them again."""
    try:
        from tests.export.postgres import (  # noqa: PLC0415 - may not be there
            IS_INSTALLED,
            create_database,
            postgres,
        )
    except ModuleNotFoundError as error:
        missing["PostgreSQL"] = f"{error.name} is not installed"
        return []
    if not IS_INSTALLED or find_spec("adbc_driver_postgresql") is None:
        missing["PostgreSQL"] = "a server or adbc-driver-postgresql is not installed"
        return []
    service = Fake(days=_DAYS, runs=8, specs=specs)
    _, project, _ = service.fill()
    url = server.serve(service)
    days = [SINCE.date() + timedelta(days=number) for number in range(_DAYS)]
    windows = [Window(day, project.project_id) for day in days]
    with TemporaryDirectory() as folder, postgres() as address:
        asyncio.run(_export(url, project.project_id, folder))
        by_hand = _ingest(create_database(address, "by_hand"), folder)
        with open_target(create_database(address, "lake"), "postgres", None) as target:
            loading, rows = _load(target, folder, windows)
            again = [_load(target, folder, [one]) for one in windows]
    replacing, replaced = (sum(column) for column in zip(*again, strict=True))
    shown = table(
        "PostgreSQL, all tables of a day in one transaction, from files",
        {
            "loaded": (rows, loading),
            "each day replaced": (replaced, replacing),
            "ADBC by hand, no keys, no indexes": (rows, by_hand),
        },
        [
            Column("rows", lambda one: one[0], 0),
            Column("s", lambda one: one[1], 2),
            Column("x by hand", lambda one: one[1] / by_hand, 1, "x"),
            Column("rows/s", lambda one: one[0] / one[1], 0),
        ],
    )
    reach = [
        at_most("PostgreSQL: loading, x ADBC without keys", loading / by_hand, _REACH, "x"),
        at_most("PostgreSQL: a day replaced, mean", replacing / _DAYS, _REPLACED, " s"),
    ]
    measured = {"rows": rows, "loading": loading, "replacing": replacing, "by_hand": by_hand}
    return [Part([shown], reach, {"postgres": measured})]


async def _export(url: str, project_id: str, folder: str) -> None:
    async with Currents(KEY, base_url=url) as currents:
        until = SINCE + timedelta(days=_DAYS)
        await export(currents, folder, projects=[project_id], since=SINCE, until=until)


def _ingest(address: str, folder: str) -> float:
    """Return the seconds that it takes to copy all rows into tables without keys and indexes."""
    dbapi: Any = import_module("adbc_driver_postgresql.dbapi")
    seconds = 0.0
    with dbapi.connect(address) as connection, connection.cursor() as cursor:
        for name in SCHEMAS:
            rows = ds.dataset(Path(folder, name), schema=STORED[name]).to_table()
            began = time.perf_counter()
            cursor.adbc_ingest(name, rows, mode="create")
            connection.commit()
            seconds += time.perf_counter() - began
    return seconds


def _load(target: Target, folder: str, windows: Iterable[Window]) -> tuple[float, int]:
    """Return the seconds that it takes to commit windows, and their rows."""
    seconds, rows = 0.0, 0
    for window in windows:
        for name in SCHEMAS:
            for batch in _rows_of(folder, name, window.day):
                target.sink.write(window, name, batch)
                rows += batch.num_rows
        began = time.perf_counter()
        target.sink.commit(window)
        seconds += time.perf_counter() - began
    return seconds, rows


def _rows_of(folder: str, name: str, day: date) -> list[Any]:
    found = ds.dataset(Path(folder, name), schema=STORED[name])
    batches: list[Any] = found.to_table(filter=ds.field("day") == day).to_batches()
    return batches
