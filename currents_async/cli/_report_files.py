"""Reports as files, whole or not there, or on stdout; and whether files can be written at all."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

from currents_async.cli._progress import waiting
from currents_async.cli._streams import note, write_text
from currents_async.errors import InvalidArgumentError

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run work that takes long in a thread."""
    # Here and below, since --help does without an event loop.
    from currents_async._threads import in_thread  # noqa: PLC0415

    return await in_thread(work)


def check_file(option: str, target: str) -> None:
    """Raise `InvalidArgumentError` if no file can be written there, before anything is fetched."""
    if not target or Path(target).is_dir():
        raise InvalidArgumentError(f"{option} must be a file, not a directory: {target!r}")
    if target != "-":
        _check(option, target, Path(target))


def check_folder(option: str, target: str) -> None:
    """Raise `InvalidArgumentError` if no files can be written into a folder, or it is none."""
    _check(option, target, Path(target) / "file")


def _check(option: str, target: str, path: Path) -> None:
    try:
        _try_to_write(path)
    except OSError as error:
        raise InvalidArgumentError(
            f"{option} cannot be written: {target}: {error.strerror}"
        ) from None


def _try_to_write(path: Path) -> None:
    """Make a file that has no name where another will be made, or in the first folder above."""
    goal = _replaceable(path)
    if goal is not None:
        with TemporaryFile(dir=next(above for above in goal.parents if above.exists())):
            pass
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


async def write_report(target: str, render: Callable[[], bytes | str]) -> None:
    """Render a report in a thread, and write it to a file or, for a hyphen, to stdout.

    Links are followed, and devices and pipes written to, so that neither is replaced by a file.
    """
    with waiting(f"writing {target}"):
        content = await in_thread(render)
        encoded = content if isinstance(content, bytes) else content.encode()
        if target != "-":
            await _write(Path(target), encoded)
    if target == "-":
        write_text(encoded.decode())
    else:
        note(f"written to {target}")


async def _write(path: Path, encoded: bytes) -> None:
    from currents_async._downloads.partial_file import PartialFile  # noqa: PLC0415

    goal = await in_thread(partial(_replaceable, path))
    if goal is None:
        await in_thread(partial(path.write_bytes, encoded))
        return
    file = PartialFile(goal)
    try:
        await file.write([encoded])
        await file.finish()
    finally:
        await file.discard()


def _replaceable(path: Path) -> Path | None:
    """Return the file that a path leads to; None if it leads to a device or a pipe."""
    return None if path.exists() and not path.is_file() else path.resolve()
