"""The standard streams: a command runs without them, and whatever their encoding is."""

import io
import os
import sys
from contextlib import suppress
from typing import TextIO


def open_streams() -> None:
    """Prepare the streams of this process for everything that commands read and write.

    A stream that the parent process closed becomes the null device. Otherwise Python would print
    on stdout what is meant for stderr, and the next file to be opened would get its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
    _reconfigure_stdout(errors="replace")
    if (real := sys.__stderr__) is not None:
        sys.stderr = _Stderr(
            real.buffer, encoding=real.encoding, errors="replace", line_buffering=True
        )


def machine_stdout() -> TextIO:
    r"""Return stdout for programs: UTF-8 and \n, whatever the locale and the system are."""
    _reconfigure_stdout(encoding="utf-8", errors="replace", newline="\n")
    return sys.stdout


def drop_stdout() -> None:
    """Replace stdout, so that the interpreter's last flush raises no second error."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _reconfigure_stdout(**options: str) -> None:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # a stand-in for stdout may not have it
        reconfigure(**options)


class _Stderr(io.TextIOWrapper):
    """Drops what cannot be written, since there is nowhere left to report it."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()
