"""What `demo` and `run` take."""

from currents_async.cli._options import CONNECTION, AsJson, Connection, Count


def demo(
    *,
    specs: Count = 400,
    seed: int = 1,
    concurrency: Count = 16,
    as_json: AsJson = False,
) -> int:
    """Fetch a run and all its instances from a server in this process.

    Parameters
    ----------
    specs
        Spec files of the made-up run.
    seed
        Another number makes another run.
    concurrency
        Instances fetched at once.
    as_json
        Print one JSON object instead of tables.

    """
    from currents_async.cli._execute import execute  # noqa: PLC0415
    from currents_async.cli._reports.fetch import fetch_demo_run  # noqa: PLC0415
    from currents_async.cli._reports.render import show  # noqa: PLC0415

    coming = fetch_demo_run(specs=specs, seed=seed, concurrency=concurrency)
    return execute(show(coming, as_json=as_json))


def fetch(
    run_id: str,
    /,
    *,
    concurrency: Count = 16,
    as_json: AsJson = False,
    connection: Connection = CONNECTION,
) -> int:
    """Fetch a run and all its instances, and report on them.

    Parameters
    ----------
    run_id
        The run to fetch.
    concurrency
        Instances fetched at once.
    as_json
        Print one JSON object instead of tables.

    """
    from currents_async.cli._execute import execute  # noqa: PLC0415
    from currents_async.cli._reports.fetch import fetch_run  # noqa: PLC0415
    from currents_async.cli._reports.render import show  # noqa: PLC0415

    coming = fetch_run(run_id, connection=connection, concurrency=concurrency)
    return execute(show(coming, as_json=as_json))
