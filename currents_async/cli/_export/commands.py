"""What `export` takes."""

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from currents_async.cli._options import (
    CONNECTION,
    OUTPUT,
    Authors,
    Branches,
    Connection,
    Count,
    File,
    Flag,
    Output,
    Tags,
    Texts,
)

Format = Literal["parquet", "ndjson.gz", "ndjson.zst", "duckdb", "arrow"]
Storage = Literal["v1.4.0", "latest"]
Table = Literal["runs", "run_groups", "specs", "tests", "attempts", "artifacts", "errors"]
Rate = Annotated[float, Parameter(validator=Number(gt=0))]


def export(
    target: File,
    /,
    *,
    projects: Annotated[Texts, Parameter(name="--project")] = (),
    all_projects: Flag = False,
    since: str = "7d",
    until: str | None = None,
    form: Annotated[Format | None, Parameter(name="--format")] = None,
    tables: Annotated[
        tuple[Table, ...], Parameter(name="--table", negative="", show_default=False)
    ] = (),
    branches: Branches = (),
    tags: Tags = (),
    authors: Authors = (),
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

    A day becomes visible as a whole, and the target is sound at every moment, whatever happens. The
    exit code is 5 when something could not be fetched: it is in the table `errors`, and --resume
    tries it again. Ctrl-C and SIGTERM end it in order.

    Parameters
    ----------
    target
        A directory, the URL of an object store (s3://..., gs://...), the file of a DuckDB database,
        or - for stdout, with --format arrow.
    projects
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
    tables
        Only this table; several can be given. What none of them needs is not fetched.
    branches
        Only runs of this branch; several can be given.
    tags
        Only runs with this tag; several can be given.
    authors
        Only runs of this author's commits; several can be given.
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
        Requests a second; by default as many as the service takes.
    demo
        Export a made-up organisation of 3 projects and 30 days from a server in this process, into
        parquet/ and currents.duckdb below the target. Needs no account.

    """
    from currents_async.cli._execute import execute  # noqa: PLC0415
    from currents_async.cli._export.demo import export_demo  # noqa: PLC0415
    from currents_async.cli._export.order import Order  # noqa: PLC0415
    from currents_async.cli._export.work import export_runs  # noqa: PLC0415

    order = Order(
        target=target,
        projects=projects,
        all_projects=all_projects,
        since=since,
        until=until,
        form=form or ("duckdb" if target.endswith(".duckdb") else "parquet"),
        tables=tables,
        branches=branches,
        tags=tags,
        authors=authors,
        only_failed=only_failed,
        resume=resume,
        replace=replace,
        look_back=look_back,
        duckdb_storage=duckdb_storage,
        concurrency=concurrency,
        rate=rate,
    )
    if demo:
        return execute(export_demo(order, output=output))
    return execute(export_runs(order, connection=connection, output=output))
