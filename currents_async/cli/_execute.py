"""A command from start to exit code: errors and signals become messages on stderr and a code."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from currents_async.cli import _exit
from currents_async.cli._signals import EXIT_CODES, StopSignals
from currents_async.cli._text import complain, note
from currents_async.errors import (
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    UnauthorizedError,
)

Command = Coroutine[Any, Any, int | None]
"""It returns an exit code, or None for success."""


class _StoppedError(Exception):
    """A signal came."""


def execute(command: Command) -> int:
    """Run a command and return its exit code.

    Ctrl-C and SIGTERM cancel it, so that it can finish what it is writing.
    """
    with StopSignals() as signals:
        code = _run(command, signals)
        sys.stdout.flush()  # while signals still end a write that is not read
        return _exit.OK if code is None else code


def _run(command: Command, signals: StopSignals) -> int | None:
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


async def _until_stopped(command: Command, signals: StopSignals) -> int | None:
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
