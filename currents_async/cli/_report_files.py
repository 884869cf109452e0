"""Reports as files, whole or not there, or on stdout."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from currents_async.cli._streams import write_text

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run work that takes long in a thread."""
    # Here and below, since --help does without an event loop.
    from currents_async._threads import in_thread  # noqa: PLC0415

    return await in_thread(work)


async def write_report(target: str, render: Callable[[], bytes | str]) -> None:
    """Render a report in a thread, and write it to a file or, for a hyphen, to stdout."""
    from currents_async._downloads.partial_file import PartialFile  # noqa: PLC0415

    content = await in_thread(render)
    encoded = content if isinstance(content, bytes) else content.encode()
    if target == "-":
        write_text(encoded.decode())
        return
    file = PartialFile(Path(target))
    try:
        await file.write([encoded])
        await file.finish()
    finally:
        await file.discard()
