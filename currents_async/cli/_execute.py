"""A command from start to exit code: what goes wrong is said on stderr."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from currents_async.cli import _exit
from currents_async.errors import (
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    UnauthorizedError,
)


def execute(command: Coroutine[Any, Any, int]) -> int:
    """Run a command and return its exit code."""
    try:
        return asyncio.run(command)
    except CurrentsError as error:
        complain(str(error))
        return _code_of(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201 - a command line prints
        return _exit.INTERRUPTED


def complain(message: str) -> None:
    """Say on stderr what is wrong."""
    print(f"currents-async: {message}", file=sys.stderr)  # noqa: T201 - a command line prints


def _code_of(error: CurrentsError) -> int:
    match error:
        case InvalidArgumentError():
            return _exit.USAGE
        case NotFoundError():
            return _exit.NOT_FOUND
        case UnauthorizedError() | ForbiddenError():
            return _exit.UNAUTHORIZED
        case _:
            return _exit.FAILED
