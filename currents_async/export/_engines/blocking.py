"""Windows for callers without an event loop: engines that pull rows when they need them."""

from collections.abc import Callable, Collection, Generator, Iterable
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
from anyio.from_thread import start_blocking_portal

from currents_async import Currents, CurrentsError
from currents_async.export._fetch.events import FetchEvent
from currents_async.export._fetch.harvest import Harvest
from currents_async.export._known import Known
from currents_async.export._merge import Fresh
from currents_async.export._plan import Plan
from currents_async.export._window_rows import OpenWindows, WindowRows
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry

Connect = Callable[[], Currents]
"""Makes a client, which is not open yet."""


class TableBatch(msgspec.Struct, frozen=True):
    """Some rows of a table, all of one window."""

    window: Window
    table: str
    batch: pa.RecordBatch


class WindowSummary(msgspec.Struct, frozen=True):
    """What became of a window, after all of its rows."""

    began: datetime
    """When fetching began, by the client's clock."""
    entry: Entry
    """What a journal records of it."""
    empty: tuple[str, ...]
    """The tables without rows of it."""
    list_error: CurrentsError | None
    """Why its runs could not be listed, or not all of them."""
    fresh: Fresh | None
    """What was fetched of it, if rows of it may be there already."""
    has_no_rows: bool
    """Whether it has no rows except errors."""


def read_windows(
    connect: Connect,
    plan: Plan,
    windows: Iterable[Window],
    *,
    projects: Collection[str] = (),
    already_there: Collection[Window] = (),
) -> Generator[TableBatch | WindowSummary]:
    """Fetch windows while the caller iterates over their rows; those of several may alternate.

    Of windows whose rows are `already_there`, runs that come only as the list has them make no
    rows: they are in `WindowSummary.fresh`.

    The client and its event loop run in a thread of their own, which waits while the caller is
    busy. Both are closed when the generator ends, is closed or raises. It raises what a `Harvest`
    raises, and takes its `projects`.
    """
    known = {
        window: Known(entry=Entry(project_id=window.project_id, day=window.day))
        for window in already_there
    }
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(connect()) as currents,
    ):
        began = datetime.fromtimestamp(currents.clock.wall(), UTC)
        open_windows = OpenWindows(plan.tables, began=began, known=known)
        harvest = plan.harvest(currents, windows, projects=projects)
        with portal.wrap_async_context_manager(harvest):
            while (event := portal.call(_next_of, harvest)) is not None:
                rows = open_windows.take_in(event)
                if rows is None:
                    continue
                if rows.has_ended:
                    rows.conclude()
                for table, batch in rows.take():
                    yield TableBatch(rows.window, table, batch)
                if rows.has_ended:
                    yield _summary_of(rows, began)


async def _next_of(harvest: Harvest) -> FetchEvent | None:
    return await anext(harvest, None)


def _summary_of(rows: WindowRows, began: datetime) -> WindowSummary:
    return WindowSummary(
        began,
        # It was fetched now, even if its list failed.
        msgspec.structs.replace(rows.entry(), exported_at=began),
        tuple(table for table, count in rows.counts.items() if not count),
        rows.list_error,
        rows.fresh,
        not any(count for table, count in rows.counts.items() if table != "errors"),
    )
