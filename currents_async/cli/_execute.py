"""A command from start to exit code: report on stdout, everything else on stderr."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from currents_async.cli import _exit
from currents_async.cli._render import print_json, print_tables
from currents_async.cli._report import Report
from currents_async.errors import (
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    UnauthorizedError,
)


def execute(command: Coroutine[Any, Any, Report], *, as_json: bool) -> int:
    """Run a command that makes a report, print the report, and return the exit code."""
    try:
        report = asyncio.run(command)
    except CurrentsError as error:
        return _complain(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201 - a command line prints
        return _exit.INTERRUPTED
    show = print_json if as_json else print_tables
    show(report)
    return _exit.FAILED if report.errors else _exit.OK


def _complain(error: CurrentsError) -> int:
    print(f"currents-async: {error}", file=sys.stderr)  # noqa: T201 - a command line prints
    match error:
        case InvalidArgumentError():
            return _exit.USAGE
        case NotFoundError():
            return _exit.NOT_FOUND
        case UnauthorizedError() | ForbiddenError():
            return _exit.UNAUTHORIZED
        case _:
            return _exit.FAILED
