"""Asking before something is done that cannot be undone."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

from currents_async.cli._progress.line import line_was_typed
from currents_async.cli._streams import note, one_line
from currents_async.errors import InvalidArgumentError


def check_can_ask(*, yes: bool) -> None:
    """Raise `InvalidArgumentError` without `--yes` where stdin is not a terminal."""
    if not yes and not sys.stdin.isatty():
        raise InvalidArgumentError("stdin is not a terminal: pass --yes to confirm")


def confirm(question: str, *, yes: bool) -> bool:
    """Ask on the terminal, unless `--yes` was given; return whether to go ahead."""
    check_can_ask(yes=yes)
    if yes:
        return True
    print(one_line(question), "[y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a prompt
    with _prompt():
        agreed = _line().lower() in {"y", "yes"}
    line_was_typed()
    if not agreed:
        note("nothing was done")
    return agreed


def read_secret(prompt: str) -> str:
    """Read a secret from the terminal without showing it, or else a line from stdin."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass  # noqa: PLC0415 - few commands need it

    with _prompt(), suppress(EOFError):
        return getpass(f"{prompt}: ", sys.stderr).strip()
    _end_line()
    return ""


def _line() -> str:
    """Read a line, which Ctrl-D leaves where the prompt is."""
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        _end_line()
    return line.strip()


def _end_line() -> None:
    print(file=sys.stderr)  # noqa: T201 - what follows begins a line


@contextmanager
def _prompt() -> Generator[None]:
    """Let Ctrl-C end a blocking prompt at once, which an event loop would put off."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    }
    try:
        yield
    except KeyboardInterrupt:
        _end_line()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
