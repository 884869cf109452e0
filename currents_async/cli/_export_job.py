"""What `export` does: it exports what was ordered, and prints what came of it."""

import sys
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from currents_async import Currents, Limits
from currents_async.cli import _exit
from currents_async.cli._options import Connection, Output, read_span, read_time
from currents_async.cli._output.printer import Printer
from currents_async.cli._progress import Advance, Throttles, progress_bar
from currents_async.cli._session import load_settings
from currents_async.cli._text import note
from currents_async.errors import InvalidArgumentError
from currents_async.export import DuckDBStorage, ExportFormat, ExportResult, export, export_table
from currents_async.models._model import Model

_SHOWN = (
    "target",
    "windows",
    "windowsSkipped",
    "runs",
    "instances",
    "failures",
    "gone",
    "requests",
    "wireBytes",
    "rows",
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to export where, as it was asked for on the command line."""

    target: str
    projects: Sequence[str] = ()
    all_projects: bool = False
    since: str
    until: str | None = None
    form: ExportFormat | Literal["arrow"]
    tables: Sequence[str] = ()
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    authors: Sequence[str] = ()
    only_failed: bool = False
    resume: bool = False
    replace: bool = False
    look_back: str
    duckdb_storage: DuckDBStorage = "v1.4.0"
    concurrency: int
    rate: float | None = None

    def check(self) -> None:
        """Raise `InvalidArgumentError` for what cannot go together."""
        if (self.form == "arrow") != (self.target == "-"):
            raise InvalidArgumentError("--format arrow goes to stdout, and nothing else: target -")
        if self.form == "arrow" and len(self.tables) != 1:
            raise InvalidArgumentError("--format arrow is one table: say which by --table")
        if self.projects and self.all_projects:
            raise InvalidArgumentError("pass --project or --all-projects")
        if self.resume and self.replace:
            raise InvalidArgumentError("pass --resume or --replace, which does all days anew")

    @property
    def limits(self) -> Limits:
        """How much the client does at once."""
        return Limits(concurrency=self.concurrency, rate=self.rate)

    @property
    def filters(self) -> dict[str, Any]:
        """The arguments that all kinds of exports take."""
        return {
            "since": read_time("--since", self.since),
            "until": None if self.until is None else read_time("--until", self.until),
            "branches": self.branches,
            "tags": self.tags,
            "authors": self.authors,
            "only_failed": self.only_failed,
        }

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of exports into targets besides."""
        some = {"tables": self.tables} if self.tables else {}
        return {
            **some,
            "resume": self.resume,
            "replace": self.replace,
            "look_back": read_span("--look-back", self.look_back),
            "duckdb_storage": self.duckdb_storage,
        }


class Exported(Model, frozen=True, gc=False, kw_only=True):
    """What an export has done."""

    target: str
    windows: int
    """Days of projects that have been exported."""
    windows_skipped: int
    runs: int
    instances: int
    failures: int
    """What could not be fetched."""
    missing: int
    """Of that and of earlier exports, what will be tried again."""
    refused: tuple[str, ...]
    """Projects whose runs could not be listed."""
    gone: int
    """Runs that the service no longer has, or not whole, and whose rows were kept."""
    requests: int
    wire_bytes: int
    rows: dict[str, int]
    """By table."""


async def export_runs(order: Order, *, connection: Connection, output: Output) -> int:
    """Export with a progress bar, and print what came of it."""
    order.check()
    printer = Printer(Exported, _SHOWN, output)
    throttles = Throttles()
    settings = await load_settings(connection)
    async with settings.client(limits=order.limits, observer=throttles) as currents:
        projects = await _projects(currents, order, settings.project_id.value)
        if order.form == "arrow":
            return await _stream(currents, order, projects, throttles)
        exported = await export_to_target(currents, order, projects, throttles)
    printer.one(exported)
    return code_of(exported.failures or exported.missing)


async def export_to_target(
    currents: Currents, order: Order, projects: Sequence[str], throttles: Throttles
) -> Exported:
    """Export into a target, with a progress bar."""
    if order.form == "arrow":
        raise AssertionError(order.form)
    with progress_bar(f"export {order.form}", currents.traffic, throttles) as advance:
        result = await export(
            currents,
            order.target,
            projects=projects,
            format=order.form,
            on_progress=lambda so_far: _show(so_far, advance),
            **order.filters,
            **order.options,
        )
    for project_id in result.refused:
        note(f"the runs of project {project_id} could not be listed")
    if result.gone:
        note(
            f"runs that are gone, and whose rows were kept: {result.gone:,} (see the table errors)"
        )
    return Exported(
        target=order.target,
        windows=result.windows_done,
        windows_skipped=result.windows_skipped,
        runs=result.runs,
        instances=result.instances,
        failures=result.failures,
        missing=result.missing,
        refused=result.refused,
        gone=result.gone,
        requests=currents.traffic.requests,
        wire_bytes=currents.traffic.wire_bytes,
        rows=result.rows,
    )


def code_of(missing: int) -> int:
    """Return the exit code; print a note on stderr if not everything could be fetched."""
    if not missing:
        return _exit.OK
    note(f"{missing:,} could not be fetched: see the table errors, and try again with --resume")
    return _exit.PARTIAL


async def _stream(
    currents: Currents, order: Order, projects: Sequence[str], throttles: Throttles
) -> int:
    if sys.stdout.isatty():
        raise InvalidArgumentError("Arrow IPC is for programs: send it to one, or to a file")
    with progress_bar("export arrow", currents.traffic, throttles) as advance:
        result = await export_table(
            currents,
            sys.stdout.buffer,
            order.tables[0],
            projects=projects,
            on_progress=lambda so_far: _show(so_far, advance),
            **order.filters,
        )
    return code_of(result.failures)


def _show(so_far: ExportResult, advance: Advance) -> None:
    detail = f"days  {so_far.runs:,} runs  {so_far.instances:,} instances"
    failed = f"  {so_far.failures:,} failed" if so_far.failures else ""
    advance(so_far.windows_done, so_far.windows, detail + failed)


async def _projects(currents: Currents, order: Order, default: str | None) -> Sequence[str]:
    if order.all_projects:
        return [project.project_id async for project in currents.projects.list()]
    projects = order.projects or ([] if default is None else [default])
    if not projects:
        raise InvalidArgumentError("no project: pass --project or --all-projects")
    return projects
