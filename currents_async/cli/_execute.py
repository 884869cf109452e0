"""A command from start to exit code: what goes wrong is said on stderr."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from currents_async.cli import _exit
from currents_async.cli._signals import EXIT_CODES, StopSignals
from currents_async.cli._text import one_line
from currents_async.errors import (
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    UnauthorizedError,
)


class _StoppedError(Exception):
    """A signal came."""


def execute(command: Coroutine[Any, Any, int]) -> int:
    """Run a command and return its exit code.

    Ctrl-C and SIGTERM cancel it, so that it can leave what it writes in order.
    """
    with StopSignals() as signals:
        code = _run(command, signals)
        sys.stdout.flush()  # while signals still end a write that nobody takes
        return code


def _run(command: Coroutine[Any, Any, int], signals: StopSignals) -> int:
    try:
        return asyncio.run(_until_stopped(command, signals))
    except CurrentsError as error:
        complain(str(error))
        return _code_of(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(str(error))
        return _exit.FAILED
    except KeyboardInterrupt:  # at a prompt
        return _stopped(signal.SIGINT)
    except _StoppedError:
        return _stopped(signals.number or signal.SIGTERM)


def _stopped(number: signal.Signals) -> int:
    note("interrupted" if number == signal.SIGINT else "terminated")
    return EXIT_CODES[number]


def complain(message: str) -> None:
    """Say on stderr what is wrong; the message may quote a server."""
    note(f"currents-async: {message}")


def note(message: str) -> None:
    """Say something on stderr in one line."""
    print(one_line(message), file=sys.stderr)  # noqa: T201 - a command line prints


async def _until_stopped(command: Coroutine[Any, Any, int], signals: StopSignals) -> int:
    task = asyncio.current_task()
    if task is not None:
        signals.call(task.cancel)
    try:
        return await command
    except asyncio.CancelledError:
        if signals.number is None:
            raise
        raise _StoppedError from None


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
