"""`open`: pages of the dashboard, in a browser."""

from typing import Annotated, NamedTuple

from cyclopts import App, Parameter

from currents_async._checks import check_segment
from currents_async.cli._options import Flag, InstanceID, RunID, TestID
from currents_async.cli._streams import note, write_text
from currents_async.models import dashboard_url
from currents_async.models.dashboard import instance_url, run_url, test_url

app = App(name="open")

Print = Annotated[Flag, Parameter(name="--print", help="Print the URL instead.")]
Host = Annotated[str, Parameter(help="Another dashboard, as https://currents.example.com.")]


class _Page(NamedTuple):
    url: str


@app.command(name="run")
async def open_run(
    run_id: RunID, /, *, only_print: Print = False, host: Host | None = None
) -> None:
    """Open a run.

    currents-async open run RUN_ID

    currents-async open run RUN_ID --print

    """
    await _open(run_url(check_segment("RUN_ID", run_id)), host, only_print=only_print)


@app.command(name="instance")
async def open_instance(
    instance_id: InstanceID, /, *, only_print: Print = False, host: Host | None = None
) -> None:
    """Open an execution of a spec file.

    currents-async open instance INSTANCE_ID

    currents-async open instance INSTANCE_ID --print

    """
    url = instance_url(check_segment("INSTANCE_ID", instance_id))
    await _open(url, host, only_print=only_print)


@app.command(name="test")
async def open_test(
    instance_id: InstanceID,
    test_id: TestID,
    /,
    *,
    only_print: Print = False,
    host: Host | None = None,
) -> None:
    """Open a test of an instance.

    currents-async open test INSTANCE_ID TEST_ID

    currents-async open test INSTANCE_ID TEST_ID --print

    """
    url = test_url(check_segment("INSTANCE_ID", instance_id), check_segment("TEST_ID", test_id))
    await _open(url or "", host, only_print=only_print)


async def _open(url: str, host: str | None, *, only_print: bool) -> None:
    if host is not None:
        url = dashboard_url(_Page(url), host)
    # Here, since --help does without them.
    import asyncio  # noqa: PLC0415
    import webbrowser  # noqa: PLC0415

    # In a thread, since a browser may be a program of the terminal.
    if only_print or not await asyncio.to_thread(webbrowser.open, url):
        write_text(url)
    else:
        note(f"opened {url}")
