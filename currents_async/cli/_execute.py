"""A command from start to exit code: errors and signals become messages on stderr and a code."""

import asyncio
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn, Self

from currents_async import errors
from currents_async.cli import _exit
from currents_async.cli._messages import Options, explain, os_words
from currents_async.cli._progress.line import erase_at_once
from currents_async.cli._streams import complain, note

Command = Coroutine[Any, Any, int | None]
"""It returns an exit code, or None for success."""

_CODES_OF_ERRORS = {
    errors.InvalidArgumentError: _exit.USAGE,
    errors.NotFoundError: _exit.NOT_FOUND,
    errors.UnauthorizedError: _exit.UNAUTHORIZED,
    errors.ForbiddenError: _exit.UNAUTHORIZED,
}
_CODES_OF_SIGNALS = {signal.SIGINT: _exit.INTERRUPTED, signal.SIGTERM: _exit.TERMINATED}
_ONE_MOMENT = 1.0
"""Seconds in which several signals are one: a shell, a process manager or `timeout` may send one to
the process and one to its group."""
_GRACE_MS = 1_000
"""How long a reader of stdout may read nothing once the command is to end."""
_LOOK_EVERY_SECONDS = 0.1


class StopSignals:
    """A context in which the first SIGINT or SIGTERM ends a command in an orderly way.

    A later one ends the process at once. So does a reader of stdout that has stopped reading, since
    a write that waits for it cannot be cancelled.
    """

    def __init__(self, *, stays: bool = False) -> None:
        """With `stays`, the handlers are kept if the context is left after a signal."""
        self.number: signal.Signals | None = None
        """The one that came first."""
        self._stays = stays
        self._came = 0.0
        self._stop: Callable[[], object] = lambda: None
        self._before: dict[int, Any] = {}
        self._ended = threading.Event()
        """Set when a signal has come or the context was left."""
        self._left = threading.Event()

    def __enter__(self) -> Self:
        # Only the main thread may handle signals. Not with `loop.add_signal_handler`: not on
        # Windows, and a loop that waits for a write never gets to it.
        if threading.current_thread() is threading.main_thread():
            # Started now, since a handler must not start threads: it may interrupt code that does.
            threading.Thread(target=self._watch_reader, daemon=True).start()
            for number in _CODES_OF_SIGNALS:
                # Shells let background jobs ignore Ctrl-C.
                if self._stays or signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._ended.set()
        if self._stays and self.number is not None:
            return
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._handle:  # else a context inside has kept its own
                signal.signal(number, handler)

    def call(self, stop: Callable[[], object]) -> None:
        """Call a function in the running event loop when a signal comes, or now if one has."""
        loop = asyncio.get_running_loop()

        def soon() -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(stop)

        self._stop = soon
        if self.number is not None:
            soon()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.number is None:
            self.number, self._came = signal.Signals(number), time.monotonic()
            self._stop()
            self._ended.set()
        elif time.monotonic() - self._came > _ONE_MOMENT:
            _leave(signal.Signals(number))

    def _watch_reader(self) -> None:
        self._ended.wait()
        reader = _reader_of_stdout()
        while reader is not None and not self._left.wait(_LOOK_EVERY_SECONDS):
            if not reader.poll(_GRACE_MS) and not self._left.is_set():
                _leave(self.number or signal.SIGTERM)


@contextmanager
def stop_signals() -> Generator[asyncio.Event]:
    """Set an event on the first SIGINT or SIGTERM: for servers, which these stop as intended."""
    stopped = asyncio.Event()
    with StopSignals(stays=True) as signals:
        signals.call(stopped.set)
        yield stopped


def _reader_of_stdout() -> "select.poll | None":
    """Return a poll object for writes to stdout, where the system has one."""
    if sys.platform == "win32":
        return None
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return None
    reader = select.poll()
    reader.register(number, select.POLLOUT)
    return reader


def _leave(number: signal.Signals) -> NoReturn:
    """End the process at once."""
    erase_at_once()
    os._exit(_CODES_OF_SIGNALS[number])


def execute(command: Command, options: Options = tuple) -> int:
    """Run a command and return its exit code; errors name what of `options` they are about.

    Ctrl-C and SIGTERM cancel it, so that it can finish what it is writing.
    """
    with StopSignals() as signals:
        code = _run(command, signals, options)
        sys.stdout.flush()  # while signals still end a write that is not read
        return _exit.OK if code is None else code


def _run(command: Command, signals: StopSignals, options: Options) -> int | None:
    try:
        return asyncio.run(_until_stopped(command, signals))
    except errors.CurrentsError as error:
        explain(error, options)
        found = (code for kind, code in _CODES_OF_ERRORS.items() if isinstance(error, kind))
        return next(found, _exit.FAILED)
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(os_words(error))
        return _exit.FAILED
    except KeyboardInterrupt:  # at a prompt
        return _stopped(signal.SIGINT)
    except asyncio.CancelledError:
        if signals.number is None:
            raise
        return _stopped(signals.number)


async def _until_stopped(command: Command, signals: StopSignals) -> int | None:
    task = asyncio.current_task()
    if task is not None:
        signals.call(task.cancel)
    return await command


def _stopped(number: signal.Signals) -> int:
    note("interrupted" if number == signal.SIGINT else "terminated")
    return _CODES_OF_SIGNALS[number]
