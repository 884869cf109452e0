"""The standard streams: none of them need exist, and none stops a command for a character."""

import io
import os
import sys
from contextlib import suppress
from typing import TextIO


def open_streams() -> None:
    """Make the streams of this process fit for whatever commands read and write.

    One that was closed by whoever started the process becomes the null device: Python would print
    on stdout what is for a stderr that is not there, and the next file would get its number.
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
    r"""Return stdout for what programs read: UTF-8 and \n, whatever the locale and the system."""
    _reconfigure_stdout(encoding="utf-8", errors="replace", newline="\n")
    return sys.stdout


def drop_stdout() -> None:
    """Spare the interpreter another error when it flushes stdout at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _reconfigure_stdout(**options: str) -> None:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # what stands in for stdout may not have it
        reconfigure(**options)


class _Stderr(io.TextIOWrapper):
    """What cannot be written is lost: there is nobody left to tell."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()
