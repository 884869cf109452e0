"""The calls that export: all tables into a target, or one into a stream."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from currents_async import Currents
from currents_async._checks import check_flag, check_text
from currents_async.errors import InvalidArgumentError
from currents_async.export._job import (
    ExportResult,
    Job,
    Progress,
    TargetJob,
    entered_in_thread,
    in_thread_or_export_error,
)
from currents_async.export._known import NOTHING, Known, known_in_full, known_to_resume
from currents_async.export._plan import LOOK_BACK, Plan, check_look_back, make_plan
from currents_async.export._tables.schemas import SCHEMAS
from currents_async.export._window_rows import OpenWindows
from currents_async.export._windows import Window
from currents_async.export._write.duck import DuckDBStorage
from currents_async.export._write.ipc import IpcSink
from currents_async.export._write.journal import Journal, Options
from currents_async.export._write.target import ExportFormat, Target, open_target


async def export(
    currents: Currents,
    target: str | Path,
    *,
    projects: Sequence[str],
    since: datetime,
    until: datetime | None = None,
    format: ExportFormat = "parquet",  # noqa: A002 - what it is called everywhere
    tables: Iterable[str] = tuple(SCHEMAS),
    branches: Sequence[str] = (),
    tags: Sequence[str] = (),
    authors: Sequence[str] = (),
    only_failed: bool = False,
    resume: bool = False,
    replace: bool = False,
    look_back: timedelta = LOOK_BACK,
    concurrency: int | None = None,
    on_progress: Progress | None = None,
    duckdb_storage: DuckDBStorage = "v1.4.0",
) -> ExportResult:
    """Export all runs of some projects that began in a span of time, as tables.

    ```python
    result = await export(currents, "lake", projects=["DgTfZV"], since=last_week, resume=True)
    ```

    `target` is a directory, the URL of an object store that pyarrow can write to (`s3://…`,
    `gs://…`), or with `format="duckdb"` a file. It is sound at every moment, whatever happens: a
    day of a project becomes visible as a whole, in place of what was there of it before. Days that
    `since` and `until`, by default now, lie in are exported as wholes, in UTC.

    `tables` are some of `SCHEMAS`; what none of them needs is not fetched. `branches`, `tags` and
    `authors` are those of `runs.list`; with `only_failed`, only instances of specs that failed are
    fetched. A target keeps its format, tables and filters: other ones need another target.

    Rows are never replaced by less: those of runs and instances that the server has no more, or
    does not send, stay as they were, and a row in the table `errors` says why. With `replace` only
    what the server has now is there afterwards.

    With `resume`, only what can have changed is asked for. A day can have changed while it was not
    over, and as long as it had runs in progress, for `look_back` after it; of such a day, runs that
    the list says nothing new of are passed over. What is missing is asked for by the next export,
    then after 1, 2, 4 and 8 nights, and given up after 14 days. The target's own record says so:
    delete a target as a whole, or nothing of it.

    A list of runs that fails, as of a project that was deleted, is a row in `errors` like a run
    that does: `ExportResult.refused` names the project.

    At most `concurrency` requests are in flight, by default `Limits.concurrency`; the rate limit is
    found out, or given by `Limits.rate`. `Timeouts.total` does not count, and there are at least 8
    attempts. `on_progress` is called with the result so far, often; what it was in bytes and
    requests is in `currents.traffic`.

    A DuckDB file that is made can be read by DuckDB 1.4 and later, or with
    `duckdb_storage="latest"` only by releases as new as the one that is installed; one that exists
    keeps what it is.

    Raises `InvalidArgumentError` before anything is sent or written; `ExportError` when the target
    cannot be written to, is in use, also by another machine, or holds an export of other data; what
    all projects, all runs or all instances are refused with; and what is about no single one of
    them: `ConnectError`, `UnauthorizedError`, `RateLimitedError`, and what the first list of runs
    fails with where the service is ill. After any of them, `resume` goes on with what is left.
    """
    plan = make_plan(
        currents,
        projects=projects,
        since=since,
        until=until,
        tables=tables,
        branches=branches,
        tags=tags,
        authors=authors,
        only_failed=only_failed,
        concurrency=concurrency,
    )
    _check_target(target)
    check_look_back(look_back)
    check_flag("resume", resume)
    if check_flag("replace", replace) and resume:
        raise InvalidArgumentError("pass resume or replace: with replace, all days are done again")
    async with entered_in_thread(
        open_target(target, format, plan.tables, duckdb_storage=duckdb_storage)
    ) as (sink, journal):
        await in_thread_or_export_error(partial(journal.begin, _options(plan, format)))
        known = await in_thread_or_export_error(
            partial(_known, journal, plan, resume=resume, replace=replace, look_back=look_back)
        )
        job = TargetJob(
            Target(sink, journal),
            OpenWindows(plan.tables, began=plan.made_at, known=known),
            ExportResult(windows=len(known), windows_skipped=len(plan.windows) - len(known)),
            on_progress,
        )
        await job.run(
            plan.harvest(
                currents,
                known,
                projects=plan.projects,
                select=lambda window: known[window].selection,
            )
        )
    return msgspec.structs.replace(job.result, missing=journal.missing_of(plan.windows))


async def export_table(
    currents: Currents,
    stream: BinaryIO,
    table: str,
    *,
    projects: Sequence[str],
    since: datetime,
    until: datetime | None = None,
    branches: Sequence[str] = (),
    tags: Sequence[str] = (),
    authors: Sequence[str] = (),
    only_failed: bool = False,
    concurrency: int | None = None,
    on_progress: Progress | None = None,
) -> ExportResult:
    """Write one table to a stream, in the Arrow IPC format: for the next program in a pipe.

    ```python
    await export_table(currents, sys.stdout.buffer, "tests", projects=["DgTfZV"], since=yesterday)
    ```

    Takes the arguments of `export`, and raises what it raises. Rows are sent as they come, so those
    of several days may alternate; where an error is raised, the stream lacks some.
    """
    plan = make_plan(
        currents,
        projects=projects,
        since=since,
        until=until,
        tables=[table],
        branches=branches,
        tags=tags,
        authors=authors,
        only_failed=only_failed,
        concurrency=concurrency,
    )
    windows = OpenWindows(plan.tables, began=plan.made_at)
    async with entered_in_thread(_sending(stream, table)) as sink:
        job = Job(sink, windows, ExportResult(windows=len(plan.windows)), on_progress)
        await job.run(plan.harvest(currents, plan.windows, projects=plan.projects))
    return job.result


@contextmanager
def _sending(stream: BinaryIO, table: str) -> Generator[IpcSink]:
    sink = IpcSink(stream, table)
    try:
        yield sink
    finally:
        sink.close()


def _check_target(target: str | Path) -> None:
    if not isinstance(target, Path):
        check_text("target", target)


def _options(plan: Plan, export_format: ExportFormat) -> Options:
    return Options(
        format=export_format,
        tables=plan.tables,
        only_failed=plan.only_failed,
        branches=plan.runs.branches,
        tags=plan.runs.tags,
        authors=plan.runs.authors,
    )


def _known(
    journal: Journal, plan: Plan, *, resume: bool, replace: bool, look_back: timedelta
) -> dict[Window, Known]:
    """Return what is known of the windows that are to be exported."""
    if replace:
        return dict.fromkeys(plan.windows, NOTHING)
    if not resume:
        return {window: known_in_full(journal, window) for window in plan.windows}
    resumed = (
        (window, known_to_resume(journal, window, now=plan.made_at, look_back=look_back))
        for window in plan.windows
    )
    return {window: known for window, known in resumed if known is not None}
