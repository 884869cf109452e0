"""`export`: all runs of projects as tables, day by day."""

from currents_async.cli._export_options import ExportOptions
from currents_async.cli._options import COMMON, CommonOptions, File, Flag
from currents_async.cli._progress import import_aside

EXPORT_OPTIONS = ExportOptions()


async def export(
    target: File,
    /,
    *,
    options: ExportOptions = EXPORT_OPTIONS,
    demo: Flag = False,
    common: CommonOptions = COMMON,
) -> int:
    """Export all runs of projects as tables, day by day; needs the extra `export`.

    Parameters
    ----------
    target
        A directory, the URL of an object store (s3://..., gs://...), the file of a DuckDB database,
        a PostgreSQL database (postgresql://...), or - for stdout, with --format arrow.
    demo
        Export a made-up organisation of 3 projects and 30 days from a server in this process, into
        parquet/ and currents.duckdb below the target. Needs no account.

    """
    # Here, since --help does without a client, a server and pyarrow.
    await import_aside("currents_async.cli._export_job")
    from currents_async.cli._export_demo import export_demo  # noqa: PLC0415
    from currents_async.cli._export_job import export_runs  # noqa: PLC0415

    if demo:
        return await export_demo(target, options, output=common.output)
    return await export_runs(target, options, common=common)
