"""The lock of a target: on this machine, one export writes to it at a time."""

from collections.abc import Generator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from currents_async.errors import ExportError
from currents_async.export._write.stores import Records


@contextmanager
def locked(records: Records) -> Generator[None]:
    """Hold the lock inside `with`. Raises `ExportError` if another export holds it."""
    records.prepare()
    try:
        with FileLock(records.lock, timeout=0, thread_local=False):
            yield
    except Timeout:
        raise ExportError(
            f"another export is writing to this target: it holds {records.lock}"
        ) from None
