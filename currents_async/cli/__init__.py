"""The command `currents-async`: thin commands over the client (extra `cli`)."""

import sys

from currents_async.cli import _exit
from currents_async.cli._streams import drop_stdout, open_streams


def main() -> None:
    """Run the command line and exit with its code."""
    open_streams()
    try:
        sys.exit(_run())
    except KeyboardInterrupt:  # outside of commands, which handle it themselves
        drop_stdout()
        sys.exit(_exit.INTERRUPTED)


def _run() -> int | str:
    try:
        # Here, so that a missing extra is one sentence instead of a traceback.
        from currents_async.cli._app import run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "cyclopts":
            raise
        return "cyclopts is not installed: python -m pip install 'currents-async[cli]'"
    return run()
