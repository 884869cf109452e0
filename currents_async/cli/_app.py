"""The commands and their options; what they do is imported when they run."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from currents_async._version import __version__
from currents_async.cli._exit import USAGE

app = App(
    name="currents-async",
    help="Fetch Currents.dev test runs. The API key is read from CURRENTS_API_KEY.",
    version=__version__,
)

Concurrency = Annotated[int, Parameter(validator=Number(gte=1))]
AsJson = Annotated[bool, Parameter(name="--json", negative="")]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own; return its exit code."""
    try:
        code = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return USAGE  # cyclopts has printed what is wrong
    return code if isinstance(code, int) else 0


@app.command
def demo(
    *,
    specs: Annotated[int, Parameter(validator=Number(gte=1))] = 400,
    seed: int = 1,
    concurrency: Concurrency = 16,
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
    from currents_async.cli._commands import fetch_demo_run  # noqa: PLC0415
    from currents_async.cli._execute import execute  # noqa: PLC0415

    return execute(fetch_demo_run(specs=specs, seed=seed, concurrency=concurrency), as_json=as_json)


@app.command(name="run")
def fetch(
    run_id: str,
    /,
    *,
    base_url: str | None = None,
    concurrency: Concurrency = 16,
    as_json: AsJson = False,
) -> int:
    """Fetch a run and all its instances, and report on them.

    Parameters
    ----------
    run_id
        The run to fetch.
    base_url
        Another service than production; else CURRENTS_API_URL.
    concurrency
        Instances fetched at once.
    as_json
        Print one JSON object instead of tables.

    """
    from currents_async.cli._commands import fetch_run  # noqa: PLC0415
    from currents_async.cli._execute import execute  # noqa: PLC0415

    return execute(fetch_run(run_id, base_url=base_url, concurrency=concurrency), as_json=as_json)
