"""What `export` does: it exports what was ordered, and prints what came of it."""

import sys
from collections.abc import Sequence

from currents_async import Currents, Limits
from currents_async._redaction import hide_credentials
from currents_async.cli import _exit
from currents_async.cli._export_options import ExportOptions
from currents_async.cli._options import CommonOptions
from currents_async.cli._output import Printer
from currents_async.cli._progress import progress_bar
from currents_async.cli._progress.words import Work
from currents_async.cli._streams import note
from currents_async.errors import InvalidArgumentError
from currents_async.export import ExportFormat, ExportResult, export, export_table
from currents_async.models._model import Model

_SHOWN = (
    "target, windows as days, windowsSkipped as skipped, runs, instances, failures, gone, "
    "requests, wireBytes as received, rows"
)


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


async def export_runs(target: str, options: ExportOptions, *, common: CommonOptions) -> int:
    """Export with a progress bar, and print what came of it."""
    options.check(target)
    form = options.form
    printer = Printer(Exported, _SHOWN, common.output)
    limits = Limits(concurrency=options.concurrency, rate=options.rate)
    settings = await common.connection.settings()
    async with common.connection.open(settings, limits=limits) as currents:
        projects = await _projects(currents, options, settings.project_id.value)
        if form == "arrow":
            return await _stream(currents, options, projects)
        exported = await export_to_target(currents, target, form, options, projects=projects)
    printer.one(exported)
    return code_of(exported.failures or exported.missing)


async def export_to_target(
    currents: Currents,
    target: str,
    form: ExportFormat | None,
    options: ExportOptions,
    *,
    projects: Sequence[str],
) -> Exported:
    """Export into a target, with a progress bar."""
    with progress_bar("days", currents) as work:
        result = await export(
            currents,
            target,
            projects=projects,
            format=form,
            on_progress=lambda so_far: _show(so_far, work),
            **options.filters,
            **options.target_arguments,
        )
    for project_id in result.refused:
        note(f"the runs of project {project_id} could not be listed")
    if result.gone:
        note(
            f"runs that are gone, and whose rows were kept: {result.gone:,} (see the table errors)"
        )
    return Exported(
        target=hide_credentials(target),
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


async def _stream(currents: Currents, options: ExportOptions, projects: Sequence[str]) -> int:
    if sys.stdout.isatty():
        raise InvalidArgumentError("Arrow IPC is for programs: send it to one, or to a file")
    with progress_bar("days", currents) as work:
        result = await export_table(
            currents,
            sys.stdout.buffer,
            options.table[0],
            projects=projects,
            on_progress=lambda so_far: _show(so_far, work),
            **options.filters,
        )
    return code_of(result.failures)


def _show(so_far: ExportResult, work: Work) -> None:
    failed = f", {so_far.failures:,} failed" if so_far.failures else ""
    detail = f"{so_far.runs:,} runs, {so_far.instances:,} instances{failed}"
    work.advance(so_far.windows_done, so_far.windows, detail)


async def _projects(
    currents: Currents, options: ExportOptions, default: str | None
) -> Sequence[str]:
    if options.all_projects:
        return [project.project_id async for project in currents.projects.list()]
    projects = options.project or ([] if default is None else [default])
    if not projects:
        raise InvalidArgumentError("no project: pass --project or --all-projects")
    return projects
