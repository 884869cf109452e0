"""An export: windows are harvested, their rows are staged, and each is committed when it ends."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

import duckdb
import msgspec
import pyarrow as pa

from currents_async._threads import in_thread
from currents_async.errors import ExportError
from currents_async.export._fetch.found import Found, InstanceFound, NotFetched, RunFound
from currents_async.export._fetch.harvest import Harvest
from currents_async.export._known import Known
from currents_async.export._open_window import OpenWindow, OpenWindows
from currents_async.export._windows import Window
from currents_async.export._write.sinks import Sink
from currents_async.export._write.target import Target

T = TypeVar("T")


class ExportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an export has done so far, or in all."""

    windows: int = 0
    """Days of projects that are to be exported."""
    windows_done: int = 0
    """Those of them that have been exported."""
    windows_skipped: int = 0
    """Days of projects that were exported before, and cannot have changed since."""
    runs: int = 0
    """Runs that have come, also of days that have not been exported yet."""
    instances: int = 0
    """Instances likewise."""
    failures: int = 0
    """What could not be fetched: rows of the table `errors`, to be tried again by `resume`."""
    missing: int = 0
    """What is not there of all the days, once all is done, and will be tried again: failures, and
    those of earlier exports whose next try is due on another night."""
    refused: tuple[str, ...] = ()
    """Projects whose runs could not be listed, and are among the failures, once for each day."""
    gone: int = 0
    """Runs that the server no longer has, or not whole, and whose rows were kept."""
    rows: dict[str, int] = {}
    """By table, of the days that have been exported: those that were written."""


class Job:
    """Takes in what a harvest finds, and puts it where it belongs."""

    def __init__(
        self,
        sink: Sink,
        result: ExportResult,
        *,
        tables: Iterable[str],
        began: datetime,
        known: Mapping[Window, Known] | None = None,
        on_progress: Callable[[ExportResult], None] | None = None,
    ) -> None:
        """Make a job whose `result` so far is what there is to do."""
        self._result = result
        self._came: Counter[type[Found]] = Counter()
        self._refused: dict[str, None] = {}
        self._sink = sink
        self._on_progress = on_progress
        self._open = OpenWindows(tables, began=began, known=known)

    @property
    def result(self) -> ExportResult:
        """What has been done so far."""
        return msgspec.structs.replace(
            self._result,
            runs=self._came[RunFound],
            instances=self._came[InstanceFound],
            failures=self._came[NotFetched],
            refused=tuple(self._refused),
        )

    async def run(self, harvest: Harvest) -> None:
        """Work until the harvest ends. Raises what it raises, and `ExportError`."""
        async with harvest:
            async for found in harvest:
                await self._take_in(found)
                if self._on_progress is not None:
                    self._on_progress(self.result)

    async def _take_in(self, found: Found) -> None:
        self._came[type(found)] += 1
        if isinstance(found, NotFetched) and not found.run_id:
            self._refused[found.window.project_id] = None
        opened = self._open.take_in(found)
        if opened is None:
            return
        if opened.has_ended:
            await in_sink(partial(self._commit, opened))
            self._count_window(opened)
        else:
            await in_sink(partial(self._stage, opened))

    def _stage(self, opened: OpenWindow) -> None:
        for table, batch in opened.take():
            self._sink.write(opened.window, table, batch)

    def _commit(self, opened: OpenWindow) -> None:
        opened.conclude()
        self._stage(opened)
        self._sink.commit(opened.window)

    def _count_window(self, opened: OpenWindow) -> None:
        result = self._result
        self._result = msgspec.structs.replace(
            result,
            windows_done=result.windows_done + 1,
            gone=result.gone + opened.gone,
            rows={table: result.rows.get(table, 0) + rows for table, rows in opened.rows.items()},
        )


class TargetJob(Job):
    """A job that writes to a target, in which there may be rows of earlier exports."""

    def __init__(
        self,
        target: Target,
        result: ExportResult,
        *,
        tables: Iterable[str],
        began: datetime,
        known: Mapping[Window, Known],
        on_progress: Callable[[ExportResult], None] | None = None,
    ) -> None:
        """Make a job; what is `known` of windows is kept as far as nothing takes its place."""
        super().__init__(
            target.sink, result, tables=tables, began=began, known=known, on_progress=on_progress
        )
        self._target = target

    def _commit(self, opened: OpenWindow) -> None:
        sink, journal = self._target
        # Before anything else: what another export has published is not to be replaced by this.
        journal.check()
        self._stage(opened)
        unchanged = opened.merge_into(sink)
        opened.conclude()
        self._stage(opened)
        journal.reopen(opened.window, keeps_rows=opened.keeps_rows)
        sink.commit(opened.window, unchanged=unchanged)
        # Only now: what the journal says is there for good.
        journal.add(opened.entry(), opened.state())


@asynccontextmanager
async def opened(target: AbstractContextManager[T]) -> AsyncGenerator[T]:
    """Enter and leave what writes in threads, whatever happens in between."""
    stack = ExitStack()
    try:
        yield await in_sink(partial(stack.enter_context, target))
    finally:
        await in_sink(stack.close)


async def in_sink(work: Callable[[], T]) -> T:
    """Do what writes in a thread; raise `ExportError` where the target refuses."""
    try:
        return await in_thread(work)
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        raise ExportError(f"the target cannot be written to: {error}") from error
