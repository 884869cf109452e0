"""A pipeline in a process of its own, to be killed: `python -m tests.export.dlt_child <order>`."""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import dlt
import msgspec
from dlt.common.runtime.collector_base import Collector
from dlt.extract import DltSource

from currents_async import Currents
from currents_async.export.dlt_source import currents_source, load_windows

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
UNTIL = datetime(2026, 1, 8, tzinfo=UTC)

Destination = Literal["delta", "duckdb", "filesystem", "postgres", "sqlite"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    key: str
    directory: str
    """Where everything is put: `work` of the pipeline, and what is loaded."""
    destination: Destination
    projects: list[str]
    database: str = ""
    """The URL of a database of PostgreSQL."""
    pipeline: str = "currents"
    tables: tuple[str, ...] = ("runs", "tests", "errors")
    jobs: int | None = None
    """How many files of all loads are to be loaded, until it kills itself."""


def pipeline_for(order: Order) -> dlt.Pipeline:
    progress: Any = None
    if order.jobs is not None:
        progress = DeadlyCollector(order.jobs)
        # One after the other, or all may be done when it is told of the first.
        os.environ["LOAD__WORKERS"] = "1"
    return dlt.pipeline(
        order.pipeline,
        pipelines_dir=str(Path(order.directory, "work")),
        destination=_destination_of(order),
        dataset_name="tables",
        progress=progress,
    )


def _destination_of(order: Order) -> Any:
    target = Path(order.directory, "loaded")
    match order.destination:
        case "duckdb":
            return dlt.destinations.duckdb(str(target))
        case "filesystem" | "delta":
            return dlt.destinations.filesystem(target.as_uri())
        case "postgres":
            return dlt.destinations.postgres(order.database)
        case "sqlite":
            return dlt.destinations.sqlalchemy(f"sqlite:///{target}")


class DeadlyCollector(Collector):
    """Is told what dlt does, and kills the process when enough has been loaded."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def update(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,
        label: str | None = None,
        **_: Any,
    ) -> None:
        if name == "Jobs" and total is None:
            self._jobs -= inc
            if self._jobs <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _start(self, step: str) -> None:
        pass

    def _stop(self) -> None:
        pass


def hinted(order: Order, source: DltSource) -> DltSource:
    """Ask for tables in the format of a destination."""
    if order.destination == "delta":
        for resource in source.resources.values():
            resource.apply_hints(table_format="delta")
    return source


def obey(order: Order) -> None:
    source = currents_source(
        order.projects,
        SINCE,
        UNTIL,
        tables=order.tables,
        connect=lambda: Currents(order.key, base_url=order.url),
    )
    for _ in load_windows(pipeline_for(order), hinted(order, source)):
        pass


if __name__ == "__main__":
    obey(msgspec.json.decode(sys.argv[1], type=Order))
