"""Windows for those who do not run an event loop: engines that pull rows when they want some."""

from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
from anyio.from_thread import BlockingPortal, start_blocking_portal

from currents_async import Currents, CurrentsError
from currents_async.export._fetch.found import Found, NotFetched
from currents_async.export._fetch.harvest import Harvest
from currents_async.export._known import Known
from currents_async.export._merge import Fresh
from currents_async.export._open_window import OpenWindow, OpenWindows
from currents_async.export._plan import Plan
from currents_async.export._windows import Window
from currents_async.export._write.journal import Entry

Connect = Callable[[], Currents]
"""Makes a client that nobody has opened yet."""


class Portion(msgspec.Struct, frozen=True):
    """Some rows of a table, all of one window."""

    window: Window
    table: str
    batch: pa.RecordBatch


class EndOfWindow(msgspec.Struct, frozen=True):
    """The end of a window: nothing more comes of it."""

    began: datetime
    """When fetching began, by the client's clock."""
    entry: Entry
    """What became of it."""
    empty: tuple[str, ...]
    """The tables that it has no rows of."""
    list_error: CurrentsError | None
    """Why its runs could not be listed, or not all of them."""
    fresh: Fresh | None
    """What has come of it, where rows of it are there already."""
    has_no_rows: bool
    """Whether it has none but errors."""


def read_windows(
    connect: Connect,
    plan: Plan,
    windows: Iterable[Window],
    *,
    projects: Collection[str] = (),
    there: Collection[Window] = (),
) -> Generator[Portion | EndOfWindow]:
    """Fetch windows while the caller goes over what comes of them; rows of several alternate.

    Of windows that are `there` already, runs that come only as the list has them have no rows: they
    are in `EndOfWindow.fresh`.

    The client and its event loop live in a thread of their own, which waits while the caller is
    busy. Both are closed when the generator ends, is closed or raises. It raises what a `Harvest`
    raises; `projects` are those of it.
    """
    known = {
        window: Known(entry=Entry(project_id=window.project_id, day=window.day)) for window in there
    }
    list_errors: dict[Window, CurrentsError] = {}
    with start_blocking_portal() as portal, _opened(portal, connect()) as currents:
        began = datetime.fromtimestamp(currents.clock.wall(), UTC)
        under_way = OpenWindows(plan.tables, began=began, known=known)
        harvesting = plan.harvest(currents, windows, projects=projects)
        with portal.wrap_async_context_manager(harvesting) as harvest:
            while (found := portal.call(_next_of, harvest)) is not None:
                if isinstance(found, NotFetched) and not found.run_id:
                    list_errors[found.window] = found.error
                opened = under_way.take_in(found)
                if opened is None:
                    continue
                if opened.has_ended:
                    opened.conclude()
                for table, batch in opened.take():
                    yield Portion(opened.window, table, batch)
                if opened.has_ended:
                    yield _end_of(opened, began, list_errors.pop(opened.window, None))


@contextmanager
def _opened(portal: BlockingPortal, currents: Currents) -> Generator[Currents]:
    with portal.wrap_async_context_manager(currents):
        yield currents


async def _next_of(harvest: Harvest) -> Found | None:
    return await anext(harvest, None)


def _end_of(opened: OpenWindow, began: datetime, list_error: CurrentsError | None) -> EndOfWindow:
    return EndOfWindow(
        began,
        # It was asked for now, also where the list failed.
        msgspec.structs.replace(opened.entry(), exported_at=began),
        tuple(table for table, rows in opened.rows.items() if not rows),
        list_error,
        opened.fresh,
        not any(rows for table, rows in opened.rows.items() if table != "errors"),
    )
