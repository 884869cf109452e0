"""The root of all commands.

A group of commands is a package: its `commands.py` says what they take; what they do is in its
other modules, which are imported when one of them runs.
"""

from collections.abc import Sequence

from cyclopts import App, CycloptsError

from currents_async._version import __version__
from currents_async.cli._exit import USAGE
from currents_async.cli._mock.commands import mock
from currents_async.cli._reports.commands import demo, fetch

app = App(
    name="currents-async",
    help="Fetch Currents.dev test runs. The API key is read from CURRENTS_API_KEY.",
    version=__version__,
)
app.command(demo)
app.command(fetch, name="run")
app.command(mock)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own; return its exit code."""
    try:
        code = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return USAGE  # cyclopts has printed what is wrong
    return code if isinstance(code, int) else 0
