"""What `instances` takes."""

from functools import partial

from cyclopts import App

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, Output

instances = App(name="instances", help="Executions of single spec files.")


@instances.command
def get(
    instance_id: str, /, *, connection: Connection = CONNECTION, output: Output = OUTPUT
) -> int:
    """Fetch an instance with its tests, their attempts, errors and artifacts.

    Anybody who has the URL of an artifact can fetch it, until the time that the URL says.

    Parameters
    ----------
    instance_id
        The instance to fetch.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._instances import work  # noqa: PLC0415

    return answer(connection, partial(work.get, instance_id=instance_id, output=output))
