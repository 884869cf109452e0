"""Progress bars on stderr, for people only."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from currents_async import APIError, RequestAttempt, Traffic

_TOO_MANY = 429

Advance = Callable[[int, int | None, str], None]
"""Shows how many are done, of how many if that is known, and something more."""


class Throttles:
    """A trace that counts how often the service said that there are too many requests."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Go by a clock in seconds."""
        self._now = now
        self._count = 0
        self._paused_until = 0.0

    def __call__(self, attempt: RequestAttempt) -> None:
        """See an attempt."""
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


@contextmanager
def progress_bar(what: str, traffic: Traffic, throttles: Throttles) -> Generator[Advance]:
    """Show a bar with rate, bytes, throttles and the time that is left; call what is yielded."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        _TrafficColumn(traffic, throttles),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None, detail="")

        def advance(done: int, total: int | None, detail: str) -> None:
            progress.update(task, completed=done, total=total, detail=detail)

        yield advance


class _TrafficColumn(ProgressColumn):
    def __init__(self, traffic: Traffic, throttles: Throttles) -> None:
        super().__init__()
        self._traffic = traffic
        self._throttles = throttles

    def render(self, task: Task) -> Text:
        traffic, seconds = self._traffic, task.elapsed or 0
        rate = traffic.requests / seconds if seconds > 0 else 0
        parts = [f"{rate:,.0f} requests/s", decimal(traffic.wire_bytes), str(self._throttles)]
        return Text("  ".join(filter(None, parts)))
