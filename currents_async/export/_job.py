"""An export: windows are harvested, their rows are staged, and each is committed when it ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

import duckdb
import msgspec
import pyarrow as pa

from currents_async._tasks import wait_for_all
from currents_async._threads import in_thread
from currents_async.errors import ExportError
from currents_async.export._fetch.events import (
    FetchEvent,
    FetchFailed,
    InstanceFetched,
    RunFetched,
)
from currents_async.export._fetch.harvest import Harvest
from currents_async.export._tables import WINDOWS, window_row
from currents_async.export._window_rows import OpenWindows, WindowRows
from currents_async.export._write.journal import Entry
from currents_async.export._write.sinks import Sink
from currents_async.export._write.target import Target

T = TypeVar("T")

_MAX_ENDED = 32
"""Windows that have ended and wait for a commit, whose rows are on the disk."""


class ExportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an export has done so far, or in all."""

    windows: int = 0
    """Days of projects to be exported."""
    windows_done: int = 0
    """Those that have been exported."""
    windows_skipped: int = 0
    """Days of projects that were exported before and cannot have changed since."""
    runs: int = 0
    """Runs received, including those of days that have not been exported yet."""
    instances: int = 0
    """Instances received, likewise."""
    failures: int = 0
    """What could not be fetched: rows of the table `errors`, to be tried again by `resume`."""
    missing: int = 0
    """What is missing from all the days at the end, and will be tried again: failures, and those
    of earlier exports whose next attempt is due on another night."""
    refused: tuple[str, ...] = ()
    """Projects whose runs could not be listed; among the failures, once for each day."""
    gone: int = 0
    """Runs that the server no longer has, or not in full, and whose rows were kept."""
    rows: dict[str, int] = {}
    """Rows written, by table, of the days that have been exported."""


Progress = Callable[[ExportResult], None]
"""Called during an export with the result so far."""


class Job:
    """Turns what a harvest fetches into rows, and writes them to a sink."""

    def __init__(
        self,
        sink: Sink,
        windows: OpenWindows,
        result: ExportResult,
        on_progress: Progress | None = None,
    ) -> None:
        """Make a job; it counts on from `result`."""
        self._result = result
        self._counts: Counter[type[FetchEvent]] = Counter()
        self._refused: dict[str, None] = {}
        self._sink = sink
        self._windows = windows
        self._on_progress = on_progress

    @property
    def result(self) -> ExportResult:
        """What has been done so far."""
        return msgspec.structs.replace(
            self._result,
            runs=self._counts[RunFetched],
            instances=self._counts[InstanceFetched],
            failures=self._counts[FetchFailed],
            refused=tuple(self._refused),
        )

    async def run(self, harvest: Harvest) -> None:
        """Work until the harvest ends. Raises what it raises, and `ExportError`."""
        async with harvest:
            async for event in harvest:
                await self._take_in(event)

    def _report(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.result)

    async def _take_in(self, event: FetchEvent) -> None:
        self._counts[type(event)] += 1
        if isinstance(event, FetchFailed) and not event.run_id:
            self._refused[event.window.project_id] = None
        ready = self._windows.take_in(event)
        if ready is not None and ready.has_ended:
            await self._end_window(ready)
            return
        if ready is not None:
            await in_thread_or_export_error(partial(self._stage, ready))
        self._report()

    async def _end_window(self, rows: WindowRows) -> None:
        await in_thread_or_export_error(partial(self._commit, rows))
        self._count_window(rows)

    def _stage(self, rows: WindowRows) -> None:
        for table, batch in rows.take():
            self._sink.write(rows.window, table, batch)

    def _commit(self, rows: WindowRows) -> None:
        rows.conclude()
        self._stage(rows)
        self._sink.commit(rows.window)

    def _count_window(self, rows: WindowRows) -> None:
        result = self._result
        self._result = msgspec.structs.replace(
            result,
            windows_done=result.windows_done + 1,
            gone=result.gone + rows.gone,
            rows={table: result.rows.get(table, 0) + count for table, count in rows.counts.items()},
        )
        self._report()


class _Ended(NamedTuple):
    """A window whose rows have all been staged."""

    rows: WindowRows
    entry: Entry
    unchanged: set[str]


class TargetJob(Job):
    """A job that writes to a target, which may hold rows of earlier exports.

    Windows are committed while others are fetched: all that end during a commit by the next one.
    """

    def __init__(
        self,
        target: Target,
        windows: OpenWindows,
        result: ExportResult,
        on_progress: Progress | None = None,
        *,
        look_back: timedelta,
    ) -> None:
        """Make a job; what is known of the windows is kept where nothing replaces it."""
        super().__init__(target.sink, windows, result, on_progress)
        self._target = target
        self._look_back = look_back
        self._ended: list[_Ended] = []
        self._committing: asyncio.Task[None] | None = None

    async def run(self, harvest: Harvest) -> None:
        """Work until the harvest ends, and what has ended is committed."""
        try:
            await super().run(harvest)
        except asyncio.CancelledError:
            self._ended.clear()
            raise
        finally:
            await self._finish()

    async def _end_window(self, rows: WindowRows) -> None:
        # Old rows may be in a file that is being replaced: by another window, if it has several.
        if rows.fresh is not None or len(self._ended) >= _MAX_ENDED:
            await self._finish()
        ended = await in_thread_or_export_error(partial(self._complete, rows))
        self._ended.append(ended)
        if self._committing is None or self._committing.done():
            await self._finish()
            self._committing = asyncio.create_task(self._commit_ended())

    async def _finish(self) -> None:
        """Wait until all windows that have ended are committed; raise what went wrong."""
        committing, self._committing = self._committing, None
        if committing is not None:
            await wait_for_all([committing])
            committing.result()

    async def _commit_ended(self) -> None:
        while ended := self._ended:
            self._ended = []
            await in_thread_or_export_error(partial(self._commit_all, ended))
            for one in ended:
                self._count_window(one.rows)

    def _complete(self, rows: WindowRows) -> _Ended:
        self._stage(rows)
        unchanged = rows.merge_into(self._target.sink)
        rows.conclude()
        self._stage(rows)
        entry = rows.entry()
        self._target.sink.write(rows.window, WINDOWS, self._row_of(entry))
        return _Ended(rows, entry, unchanged)

    def _commit_all(self, ended: Sequence[_Ended]) -> None:
        journal = self._target.journal
        with journal.transaction():
            # First of all: what another export has published must not be replaced.
            journal.check()
            with journal.at_once():
                for rows, _, _ in ended:
                    journal.reopen(rows.window, keeps_rows=rows.fresh is not None)
            self._target.sink.commit_all({rows.window: unchanged for rows, _, unchanged in ended})
            # Only now: what the journal says has to be on the disk.
            with journal.at_once():
                for rows, entry, _ in ended:
                    journal.add(entry, rows.state())

    def _row_of(self, entry: Entry) -> Any:
        return window_row(
            entry.window,
            exported_at=entry.exported_at,
            state=entry.state(look_back=self._look_back),
            open_runs=entry.open_runs,
            missing=entry.failures,
            rows=sum((entry.rows or {}).values()),
        )


@asynccontextmanager
async def entered_in_thread(manager: AbstractContextManager[T]) -> AsyncGenerator[T]:
    """Enter and leave in a thread what writes to a target, whatever happens in between."""
    stack = ExitStack()
    try:
        yield await in_thread_or_export_error(partial(stack.enter_context, manager))
    finally:
        await in_thread_or_export_error(stack.close)


async def in_thread_or_export_error(work: Callable[[], T]) -> T:
    """Do work in a thread; raise `ExportError` when the target cannot be written to."""
    try:
        return await in_thread(work)
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        raise ExportError(f"the target cannot be written to: {error}") from error
