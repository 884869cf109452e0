"""The command `currents-async`: thin commands over the client (extra `cli`)."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        # Here, so that a missing extra is one sentence instead of a traceback.
        from currents_async.cli._app import run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "cyclopts":
            raise
        sys.exit("cyclopts is not installed: python -m pip install 'currents-async[cli]'")
    sys.exit(run())
