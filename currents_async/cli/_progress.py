"""A progress bar on stderr, for people only."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.filesize import decimal

from currents_async.errors import APIError

if TYPE_CHECKING:
    from currents_async import RequestAttempt, Traffic

_TOO_MANY = 429

Advance = Callable[[int, int | None, str], None]
"""Shows how many are done, of how many if that is known, and something more."""


class Throttles:
    """Observer that counts the responses with status 429."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Use a clock in seconds."""
        self._now = now
        self._count = 0
        self._paused_until = 0.0

    def __call__(self, attempt: "RequestAttempt") -> None:
        """Count an attempt."""
        if attempt.status != _TOO_MANY:
            return
        self._count += 1
        pause = attempt.error.retry_after if isinstance(attempt.error, APIError) else None
        self._paused_until = max(self._paused_until, self._now() + (pause or 0))

    def __str__(self) -> str:
        if not self._count:
            return ""
        left = self._paused_until - self._now()
        pause = f", paused for {left:.0f} s" if left > 0 else ""
        return f"{self._count:,} x 429{pause}"


class _Rates:
    """Requests per second, bytes and throttles, as of when they are written."""

    def __init__(self, traffic: "Traffic", throttles: Throttles) -> None:
        self._traffic = traffic
        self._throttles = throttles
        self._started = time.monotonic()

    def __str__(self) -> str:
        traffic, seconds = self._traffic, time.monotonic() - self._started
        rate = traffic.requests / seconds if seconds > 0 else 0
        parts = [f"{rate:,.0f} requests/s", decimal(traffic.wire_bytes), str(self._throttles)]
        return "  ".join(filter(None, parts))


@contextmanager
def progress_bar(what: str, traffic: "Traffic", throttles: Throttles) -> Generator[Advance]:
    """Show a bar with rate, bytes, throttles and the time that is left; call what is yielded."""
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
        task = progress.add_task(what, total=None, detail="", rates=_Rates(traffic, throttles))

        def advance(done: int, total: int | None, detail: str) -> None:
            progress.update(task, completed=done, total=total, detail=detail)

        yield advance
