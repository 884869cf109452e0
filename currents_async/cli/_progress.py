"""A progress bar on stderr, for people only."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.filesize import decimal

if TYPE_CHECKING:
    from currents_async import Currents

Advance = Callable[[int, int | None, str], None]
"""Shows how many are done, of how many if that is known, and something more."""


class _Rates:
    """Requests per second, bytes, and what holds the client back, as of when they are written."""

    def __init__(self, currents: "Currents") -> None:
        self._currents = currents
        self._started = time.monotonic()

    def __str__(self) -> str:
        traffic, seconds = self._currents.traffic, time.monotonic() - self._started
        rate = traffic.requests / seconds if seconds > 0 else 0
        parts = [f"{rate:,.0f} requests/s", decimal(traffic.wire_bytes), str(self._currents.rate)]
        return "  ".join(filter(None, parts))


@contextmanager
def progress_bar(what: str, currents: "Currents") -> Generator[Advance]:
    """Show a bar with rate, bytes, limits and the time that is left; call what is yielded."""
    # Here, since --help does without.
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TextColumn("{task.fields[rates]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None, detail="", rates=_Rates(currents))

        def advance(done: int, total: int | None, detail: str) -> None:
            progress.update(task, completed=done, total=total, detail=detail)

        yield advance
