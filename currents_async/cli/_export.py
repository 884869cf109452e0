"""`export`: all runs of projects as tables, day by day."""

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from currents_async.cli._options import (
    CONNECTION,
    OUTPUT,
    Connection,
    Count,
    File,
    Flag,
    Output,
    RunAuthors,
    RunBranches,
    RunTags,
    Several,
)

Format = Literal["parquet", "ndjson.gz", "ndjson.zst", "duckdb", "arrow"]
Storage = Literal["v1.4.0", "latest"]
Table = Literal["runs", "run_groups", "specs", "tests", "attempts", "artifacts", "errors"]
Rate = Annotated[float, Parameter(validator=Number(gt=0))]


async def export(
    target: File,
    /,
    *,
    project: Several[str] = (),
    all_projects: Flag = False,
    since: str = "7d",
    until: str | None = None,
    form: Annotated[Format | None, Parameter(name="--format")] = None,
    table: Several[Table] = (),
    branch: RunBranches = (),
    tag: RunTags = (),
    author: RunAuthors = (),
    only_failed: Flag = False,
    resume: Flag = False,
    replace: Flag = False,
    look_back: str = "48h",
    duckdb_storage: Storage = "v1.4.0",
    concurrency: Count = 16,
    rate: Rate | None = None,
    demo: Flag = False,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Export all runs of projects as tables, day by day; needs the extra `export`.

    Parameters
    ----------
    target
        A directory, the URL of an object store (s3://..., gs://...), the file of a DuckDB database,
        or - for stdout, with --format arrow.
    project
        The ID of a project; several can be given. Else CURRENTS_PROJECT_ID, else the profile's.
    all_projects
        All projects that the API key can see.
    since
        The first day: 2026-01-31, or 7d for the last 7 days.
    until
        Where to end, likewise: days that begin before then are exported. By default today is the
        last.
    form
        How the tables are written; by default duckdb for a target that ends in .duckdb, else
        parquet. arrow is one table as an Arrow IPC stream.
    table
        Only this table; several can be given. What none of them needs is not fetched.
    only_failed
        Fetch only what failed of each run.
    resume
        Ask only for what can have changed since, and for what is missing and due.
    replace
        Put what the service has now in place of all rows of these days, also where that is less.
    look_back
        For how long runs that were in progress are looked at again.
    duckdb_storage
        The oldest release of DuckDB that can read a database that is made; latest is the release
        that is installed.
    concurrency
        Requests in flight.
    rate
        Requests per second; by default as many as the service takes.
    demo
        Export a made-up organisation of 3 projects and 30 days from a server in this process, into
        parquet/ and currents.duckdb below the target. Needs no account.

    """
    # Here, since --help does without a client, a server and pyarrow.
    from currents_async.cli._export_demo import export_demo  # noqa: PLC0415
    from currents_async.cli._export_job import Order, export_runs  # noqa: PLC0415

    order = Order(
        target=target,
        projects=project,
        all_projects=all_projects,
        since=since,
        until=until,
        form=form or ("duckdb" if target.endswith(".duckdb") else "parquet"),
        tables=table,
        branches=branch,
        tags=tag,
        authors=author,
        only_failed=only_failed,
        resume=resume,
        replace=replace,
        look_back=look_back,
        duckdb_storage=duckdb_storage,
        concurrency=concurrency,
        rate=rate,
    )
    if demo:
        return await export_demo(order, output=output)
    return await export_runs(order, connection=connection, output=output)
