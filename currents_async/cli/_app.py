"""The root of all commands.

A group of commands is a package: its `commands.py` says what they take; what they do is in its
other modules, which are imported when one of them runs.
"""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from currents_async._version import __version__
from currents_async.cli import _exit
from currents_async.cli._account.commands import api, auth
from currents_async.cli._actions.commands import actions
from currents_async.cli._assets.commands import assets
from currents_async.cli._completion.commands import completion
from currents_async.cli._export.commands import export
from currents_async.cli._help import unwrap_help, unwrapped
from currents_async.cli._instances.commands import instances
from currents_async.cli._mock.commands import mock
from currents_async.cli._projects.commands import projects
from currents_async.cli._quarantine.commands import quarantine
from currents_async.cli._reports.commands import demo, fetch
from currents_async.cli._runs.commands import runs
from currents_async.cli._streams import drop_stdout
from currents_async.cli._tests.commands import tests
from currents_async.cli._webhooks.commands import webhooks

app = App(
    name="currents-async",
    help=unwrapped("""Fetch, watch, compare and export Currents.dev test runs.

    The API key is read from CURRENTS_API_KEY, or from a profile of the configuration file.

    Exit codes: 0 ok, 1 the API, the network or a file failed, 2 usage, 3 not found, 4 not allowed,
    5 done in part, 6 --fail-on found something, 130 Ctrl-C, 141 nobody reads on, 143 SIGTERM.
    """),
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
app.command(export)
app.command(fetch, name="run")
app.command(demo)
for group in (
    projects,
    runs,
    instances,
    tests,
    actions,
    quarantine,
    assets,
    webhooks,
    mock,
    auth,
):
    app.command(group)
app.command(api)
app.command(completion)
unwrap_help(app)

_EXTRAS = {"pyarrow": "export", "duckdb": "export", "filelock": "export"}
"""What modules are missing without which extra."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own; return its exit code."""
    try:
        code = app(arguments, exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError:
        return _exit.USAGE  # cyclopts has printed what is wrong
    except BrokenPipeError:
        drop_stdout()
        return _exit.NOBODY_READS
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # as rich ends it
            return _exit.NOBODY_READS
        raise
    except OSError as error:  # a full disk, for example
        drop_stdout()
        return _failed(str(error))
    except ModuleNotFoundError as error:
        return _missing(error)
    return code if isinstance(code, int) else _exit.OK


def _missing(error: ModuleNotFoundError) -> int:
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    if extra is None:
        raise error
    return _failed(
        f"{error.name} is not installed: python -m pip install 'currents-async[{extra}]'"
    )


def _failed(message: str) -> int:
    from currents_async.cli._execute import complain  # noqa: PLC0415

    complain(message)
    return _exit.FAILED
