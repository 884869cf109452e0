"""Windows for those who do not run an event loop: engines that pull rows when they want some."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
from anyio.from_thread import BlockingPortal, start_blocking_portal

from currents_async import Currents
from currents_async.export.found import Found
from currents_async.export.harvest import Harvest
from currents_async.export.journal import Entry
from currents_async.export.open_window import OpenWindow, OpenWindows
from currents_async.export.plan import Plan
from currents_async.export.windows import Window

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


def read_windows(
    connect: Connect, plan: Plan, windows: Iterable[Window]
) -> Generator[Portion | EndOfWindow]:
    """Fetch windows while the caller goes over what comes of them; rows of several alternate.

    The client and its event loop live in a thread of their own, which waits while the caller is
    busy. Both are closed when the generator ends, is closed or raises. It raises what a `Harvest`
    raises.
    """
    with start_blocking_portal() as portal, _opened(portal, connect()) as currents:
        began = datetime.fromtimestamp(currents.clock.wall(), UTC)
        under_way = OpenWindows(plan.tables, began=began)
        with portal.wrap_async_context_manager(plan.harvest(currents, windows)) as harvest:
            while (found := portal.call(_next_of, harvest)) is not None:
                opened = under_way.take_in(found)
                if opened is None:
                    continue
                if opened.has_ended:
                    opened.conclude()
                for table, batch in opened.take():
                    yield Portion(opened.window, table, batch)
                if opened.has_ended:
                    yield _end_of(opened, began)


@contextmanager
def _opened(portal: BlockingPortal, currents: Currents) -> Generator[Currents]:
    with portal.wrap_async_context_manager(currents):
        yield currents


async def _next_of(harvest: Harvest) -> Found | None:
    return await anext(harvest, None)


def _end_of(opened: OpenWindow, began: datetime) -> EndOfWindow:
    return EndOfWindow(
        began,
        opened.entry(),
        tuple(table for table, rows in opened.rows.items() if not rows),
    )
