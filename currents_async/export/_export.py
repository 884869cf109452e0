"""The public calls: export all tables to a target, or one to a stream."""

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
from currents_async.export._tables import SCHEMAS
from currents_async.export._window_rows import OpenWindows
from currents_async.export._windows import Window
from currents_async.export._write.duck import DuckDBStorage
from currents_async.export._write.ipc import IpcSink
from currents_async.export._write.journal import Journal, Options
from currents_async.export._write.target import ExportFormat, open_target


async def export(
    currents: Currents,
    target: str | Path,
    *,
    projects: Sequence[str],
    since: datetime,
    until: datetime | None = None,
    format: ExportFormat | None = None,  # noqa: A002 - the usual name
    tables: Iterable[str] | None = None,
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
    `gs://…`), a DuckDB file, or the URL of a PostgreSQL database, `postgresql://…`, with the name
    of a schema in `?schema=…`, by default `currents`; its password is never shown. Its `format` is
    by default its own, or if it is new that of its name, `runs.duckdb`, else Parquet. Delta tables
    need the extra `delta`, PostgreSQL the extra `postgres`. A target is consistent at all
    times, whatever happens: each day of a project becomes visible as a whole, replacing what was
    there of that day. The days of `since` and `until`, which is now by default, are exported in
    full, in UTC.

    `tables` are some of `SCHEMAS`, by default those that the target has, or all if it is new; what
    none of them needs is not fetched. `branches`, `tags` and `authors` are those of `runs.list`;
    with `only_failed`, only instances of failed specs are fetched. A target keeps its format,
    tables and filters: use another target for other ones, also for tables that an earlier release
    did not have. Columns that it did not have are null in its rows, and missing in its files.

    Rows are never replaced by less: those of runs and instances that the server no longer has, or
    does not send, stay as they were, and a row in the table `errors` gives the reason. With
    `replace`, only what the server has now remains.

    With `resume`, only what may have changed is fetched. A day may change until it is over, and
    then for `look_back` if it had runs in progress; runs of such a day are skipped if the list says
    nothing new about them. What is missing is tried again by the next export, then after 1, 2, 4
    and 8 nights, and given up after 14 days. All this is recorded in the target: delete a target as
    a whole, or not at all.

    A list of runs that fails, for example because the project was deleted, becomes a row in
    `errors`, as does a run that fails; `ExportResult.refused` names the project.

    At most `concurrency` requests are in flight, by default `Limits.concurrency`. The rate limit is
    discovered, or set by `Limits.rate`. `Timeouts.total` does not apply, and each request is
    attempted at least 8 times. `on_progress` is called often, with the result so far;
    `currents.traffic` counts bytes and requests.

    A new DuckDB file can be read by DuckDB 1.4 and later, or with `duckdb_storage="latest"` only by
    releases as new as the installed one; an existing file keeps its storage version.

    Raises `InvalidArgumentError` and `MissingExtraError` before anything is sent or written;
    `ExportError` if the target cannot be written to, is in use, even by another machine, was
    altered by hand or holds an export of other data; the error with which all projects, all runs or
    all instances are refused; and errors that are not about a single one of them: `ConnectError`,
    `UnauthorizedError`, `RateLimitedError`, and the error of the first list of runs if the service
    is down. After any of them, `resume` continues with what is left.
    """
    plan = make_plan(
        currents,
        projects=projects,
        since=since,
        until=until,
        tables=tuple(SCHEMAS) if tables is None else tables,
        branches=branches,
        tags=tags,
        authors=authors,
        only_failed=only_failed,
        concurrency=concurrency,
    )
    if not isinstance(target, Path):
        check_text("target", target)
    check_look_back(look_back)
    check_flag("resume", resume)
    if check_flag("replace", replace) and resume:
        raise InvalidArgumentError(
            "pass either resume or replace, not both: replace exports all days again"
        )
    async with entered_in_thread(
        open_target(
            target, format, None if tables is None else plan.tables, duckdb_storage=duckdb_storage
        )
    ) as opened:
        journal = opened.journal
        if tables is None:
            plan = msgspec.structs.replace(plan, tables=journal.tables_of(None))
        await in_thread_or_export_error(partial(journal.begin, _options(plan, opened.format)))
        known = await in_thread_or_export_error(
            partial(_known, journal, plan, resume=resume, replace=replace, look_back=look_back)
        )
        job = TargetJob(
            opened,
            OpenWindows(plan.tables, began=plan.made_at, known=known),
            ExportResult(windows=len(known), windows_skipped=len(plan.windows) - len(known)),
            on_progress,
            look_back=look_back,
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
    """Write one table to a stream in the Arrow IPC format, for the next program in a pipeline.

    ```python
    await export_table(currents, sys.stdout.buffer, "tests", projects=["DgTfZV"], since=yesterday)
    ```

    Takes the arguments of `export`, and raises the same errors. Rows are written as they arrive, so
    those of several days may alternate; if an error is raised, the stream is incomplete.
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
    if replace:
        return dict.fromkeys(plan.windows, NOTHING)
    if not resume:
        return {window: known_in_full(journal, window) for window in plan.windows}
    resumed = (
        (window, known_to_resume(journal, window, now=plan.made_at, look_back=look_back))
        for window in plan.windows
    )
    return {window: known for window, known in resumed if known is not None}
