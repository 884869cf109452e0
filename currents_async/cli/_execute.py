"""A command from start to exit code: what goes wrong is said on stderr."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from currents_async.cli import _exit
from currents_async.cli._signals import on_termination
from currents_async.cli._text import one_line
from currents_async.errors import (
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    UnauthorizedError,
)


class _TerminatedError(Exception):
    """SIGTERM came."""


def execute(command: Coroutine[Any, Any, int]) -> int:
    """Run a command and return its exit code.

    Ctrl-C and SIGTERM cancel it, so that it can leave what it writes in order.
    """
    try:
        return asyncio.run(_until_terminated(command))
    except CurrentsError as error:
        complain(str(error))
        return _code_of(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(str(error))
        return _exit.FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201 - a command line prints
        return _exit.INTERRUPTED
    except _TerminatedError:
        print("terminated", file=sys.stderr)  # noqa: T201 - a command line prints
        return _exit.TERMINATED


def complain(message: str) -> None:
    """Say on stderr what is wrong; the message may quote a server."""
    note(f"currents-async: {message}")


def note(message: str) -> None:
    """Say something on stderr in one line."""
    print(one_line(message), file=sys.stderr)  # noqa: T201 - a command line prints


async def _until_terminated(command: Coroutine[Any, Any, int]) -> int:
    task, terminated = asyncio.current_task(), False

    def stop() -> None:
        nonlocal terminated
        terminated = task is not None and task.cancel()

    with on_termination(stop):
        try:
            return await command
        except asyncio.CancelledError:
            if terminated:
                raise _TerminatedError from None
            raise


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
