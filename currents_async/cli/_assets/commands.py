"""What `assets` takes."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, Count, Flag, Output

assets = App(name="assets", help="Screenshots, videos, traces and attachments.")

Kind = Literal["screenshot", "video", "trace", "attachment"]


@assets.command
def download(
    run_id: str | None = None,
    /,
    *,
    to: str,
    instance: str | None = None,
    kinds: Annotated[
        tuple[Kind, ...], Parameter(name="--kind", negative="", show_default=False)
    ] = (),
    only_failed: Flag = False,
    private_assets: Flag = False,
    concurrency: Count = 16,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Save all artifacts of a run or of an instance, each as a file of its own.

    Files are whole or not there. The exit code is 5 when some could not be saved.

    Parameters
    ----------
    run_id
        The run whose artifacts to save.
    to
        The directory; each instance has its own in there.
    instance
        Save the artifacts of this instance instead of a run's.
    kinds
        Only artifacts of this kind; several can be given.
    only_failed
        Only artifacts of spec files that failed.
    private_assets
        Also fetch from private and loopback addresses, as where a company keeps its own artifacts;
        by default only where the API is at such an address too.
    concurrency
        Downloads at once.

    """
    from currents_async.cli._assets.work import Wanted, download_assets  # noqa: PLC0415
    from currents_async.cli._execute import execute  # noqa: PLC0415

    wanted = Wanted(
        run_id=run_id,
        instance_id=instance,
        to=to,
        kinds=kinds,
        only_failed=only_failed,
        private_assets=private_assets,
    )
    return execute(
        download_assets(wanted, concurrency=concurrency, connection=connection, output=output)
    )
