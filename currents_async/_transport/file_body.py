"""The body of an upload: a file, read in a thread and written to the network in slices."""

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from currents_async._tasks import wait_for_all
from currents_async._threads import in_thread
from currents_async.errors import CurrentsError, FileChangedError, RequestInfo, RequestTimeoutError

_BLOCK = 256 * 1024
"""Bytes that are read at once: each time costs a switch to a thread."""
_SLICE = 64 * 1024
"""Bytes that the network must have taken within `Timeouts.read`."""


class FileBody(Payload):
    """A file of a size that has been declared: any other one breaks the request off.

    aiohttp writes it in a task of its own, and reports what goes wrong there as a lost connection:
    the reason is in `failure`, or in `raised` if it is from `on_sent`.
    """

    _autoclose = True  # aiohttp has nothing to close: each `write` opens the file, and closes it

    def __init__(
        self,
        path: Path,
        size: int,
        info: RequestInfo,
        *,
        max_pause: float,
        on_sent: Callable[[int], None],
    ) -> None:
        """`max_pause` is how many seconds the network may take nothing.

        `on_sent` is called with the bytes that have been sent so far.
        """
        super().__init__(path)
        self._path = path
        self._size = self._expected = size
        self._info = info
        self._max_pause = max_pause
        self._on_sent = on_sent
        self._writing: asyncio.Future[None] | None = None
        self.sent = 0
        self.failure: CurrentsError | None = None
        self.raised: BaseException | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:  # noqa: ARG002 - as aiohttp has it
        """Raise: a file is sent, and never held as a whole."""
        raise TypeError("a file is not decoded")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the file."""
        self._writing = asyncio.get_running_loop().create_future()
        try:
            await self._write(writer)
        except CurrentsError as error:
            self.failure = error
            # Not the error itself: with a frame of aiohttp's, its traceback would show the URL.
            raise _BrokenOffError from None
        finally:
            self._writing.set_result(None)

    async def settle(self) -> None:
        """Wait until nothing is read or written any more, however often that is cancelled."""
        if self._writing is not None:
            await wait_for_all([self._writing])

    async def _write(self, writer: AbstractStreamWriter) -> None:
        opened = ExitStack()
        try:
            file = await in_thread(partial(_open, opened, self._path, self._expected))
            while self.sent < self._expected:
                left = self._expected - self.sent
                block = await in_thread(partial(_read, file, self._path, self._expected, left))
                for start in range(0, len(block), _SLICE):
                    await self._send(writer, block[start : start + _SLICE])
                self._report()
        finally:
            # Also what a thread has opened while this task was cancelled.
            await in_thread(opened.close)

    def _report(self) -> None:
        try:
            self._on_sent(self.sent)
        except BaseException as error:  # noqa: BLE001 - raised where the upload is awaited
            self.raised = error
            raise _BrokenOffError from None

    async def _send(self, writer: AbstractStreamWriter, chunk: bytes) -> None:
        try:
            async with asyncio.timeout(self._max_pause):
                await writer.write(chunk)
                await writer.drain()
        except TimeoutError:
            reason = "no data was taken within Timeouts.read"
            raise RequestTimeoutError(reason, **self._info) from None
        self.sent += len(chunk)


class _BrokenOffError(Exception):
    """The file is not sent to its end."""


def _open(opened: ExitStack, path: Path, size: int) -> BinaryIO:
    with _readable(path):
        file = opened.enter_context(open(path, "rb", buffering=0, opener=_at_once))  # noqa: SIM115
        _check_size(file, path, size)
    return file


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that has taken its place does not wait for its writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read(file: BinaryIO, path: Path, size: int, left: int) -> bytes:
    """Return the next bytes; the file has still the size that was declared."""
    with _readable(path):
        block = file.read(min(_BLOCK, left))
        # Before the last byte is sent: the host of the storage keeps no upload that breaks off.
        _check_size(file, path, size)
    if not block:
        raise _changed(path, "ended early while it was sent")
    return block


def _check_size(file: BinaryIO, path: Path, size: int) -> None:
    now = os.fstat(file.fileno()).st_size
    if now != size:
        what = f"has {now:,} bytes, and had {size:,} when it was declared: attach a copy of it"
        raise _changed(path, what)


@contextmanager
def _readable(path: Path) -> Generator[None]:
    """Raise `FileChangedError` for an `OSError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _changed(path, f"could not be read any more: {reason}") from None


def _changed(path: Path, what: str) -> FileChangedError:
    return FileChangedError(f"{str(path)!r} {what}", path=str(path))
