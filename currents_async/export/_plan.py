"""What to export: all arguments, checked before anything is sent or written."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from currents_async import Currents
from currents_async._checks import (
    check_choices,
    check_concurrency,
    check_flag,
    check_texts,
    check_type,
)
from currents_async.errors import InvalidArgumentError
from currents_async.export._fetch.harvest import Harvest
from currents_async.export._fetch.selection import Depth, RunFilter, Select, everything
from currents_async.export._tables import OF_INSTANCES, SCHEMAS
from currents_async.export._windows import Window, check_not_far_ahead, windows_between

LOOK_BACK = timedelta(hours=48)
"""By default, how long after a day its runs may still change."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Which windows to export, and what of them."""

    made_at: datetime
    """By the clock of the client."""
    windows: tuple[Window, ...]
    tables: tuple[str, ...]
    """In the order of `SCHEMAS`."""
    runs: RunFilter
    only_failed: bool
    concurrency: int

    def harvest(
        self,
        currents: Currents,
        windows: Iterable[Window],
        *,
        projects: Collection[str] = (),
        select: Select = everything,
    ) -> Harvest:
        """Fetch some of the windows, with the `projects` and `select` of `Harvest`."""
        return Harvest(
            currents,
            windows,
            concurrency=self.concurrency,
            depth=depth_of(self.tables, only_failed=self.only_failed),
            runs=self.runs,
            projects=projects,
            select=select,
        )

    @property
    def projects(self) -> frozenset[str]:
        """All projects of the windows."""
        return frozenset(window.project_id for window in self.windows)


def make_plan(
    currents: Currents,
    *,
    projects: Iterable[str],
    since: datetime,
    until: datetime | None,
    tables: Iterable[str],
    branches: Sequence[str] = (),
    tags: Sequence[str] = (),
    authors: Sequence[str] = (),
    only_failed: bool = False,
    concurrency: int | None = None,
) -> Plan:
    """Check what to export. Raises `InvalidArgumentError`."""
    now = datetime.fromtimestamp(currents.clock.wall(), UTC)
    if concurrency is None:
        concurrency = currents.limits.concurrency
    until = now if until is None else until
    windows = windows_between(projects, since, until)
    check_not_far_ahead(until, now=now)
    return Plan(
        made_at=now,
        windows=tuple(windows),
        tables=_check_tables(tables),
        runs=RunFilter(
            branches=_check_filter("branches", branches),
            tags=_check_filter("tags", tags),
            authors=_check_filter("authors", authors),
        ),
        only_failed=check_flag("only_failed", only_failed),
        concurrency=check_concurrency("concurrency", concurrency),
    )


def depth_of(tables: Iterable[str], *, only_failed: bool) -> Depth:
    """Return how much to fetch for some tables."""
    wanted = frozenset(tables)
    instances = not wanted.isdisjoint(OF_INSTANCES)
    return Depth(specs=instances or "specs" in wanted, instances=instances, only_failed=only_failed)


def check_look_back(look_back: timedelta) -> timedelta:
    """Return a time that is not negative, or raise `InvalidArgumentError`."""
    if check_type("look_back", look_back, timedelta) < timedelta():
        raise InvalidArgumentError(f"look_back must not be negative: {look_back}")
    return look_back


def _check_tables(tables: Iterable[str]) -> tuple[str, ...]:
    wanted = check_choices("tables", tables, SCHEMAS, min_items=1)
    return tuple(table for table in SCHEMAS if table in wanted)


def _check_filter(name: str, values: Sequence[str]) -> tuple[str, ...]:
    # Sorted, because a target begun with the same values in another order holds the same runs.
    return tuple(sorted(set(check_texts(name, values))))
