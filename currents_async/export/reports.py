"""What an export's tables say about tests and runs, as `currents_async.reports` shows it.

```python
trends = await read_trends("lake")
Path("trends.html").write_text(trends_html(trends), encoding="utf-8")
```
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar, get_args

from currents_async._checks import check_choice, check_int, check_segment, check_text, check_texts
from currents_async._threads import in_thread
from currents_async.analysis._heat_map_rows import HeatMapSpan
from currents_async.analysis.heat_map import MAX_COLUMNS, MAX_TESTS, HeatMap
from currents_async.analysis.trends import Trends
from currents_async.export._heat_map_query import query_heat_map
from currents_async.export._reading import Tables, reading
from currents_async.export._sources import Part
from currents_async.export._trends_query import MAX_BRANCHES, MAX_DAYS, query_trends
from currents_async.export._windows import days_between

T = TypeVar("T")

__all__ = ["read_heat_map", "read_trends"]


async def read_heat_map(
    target: str | Path,
    *,
    span: HeatMapSpan = "days",
    since: datetime | None = None,
    until: datetime | None = None,
    projects: Sequence[str] = (),
    branches: Sequence[str] = (),
    max_tests: int = MAX_TESTS,
    max_columns: int = MAX_COLUMNS,
) -> HeatMap:
    """Read which tests failed or were flaky, run by run or day by day, from an export.

    `target` is that of `export`. The days of `since` and `until` are included in full, in UTC.
    `projects` and `branches`, by their exact names, are all if there are none. Of the runs or days
    only the newest `max_columns` count, and of the tests only the worst `max_tests` are listed.

    Raises `InvalidArgumentError`, and `ExportError` if there is no export at the target, it cannot
    be read, or it lacks the table `tests`; or `runs`, which `branches` and the span `runs` need.
    """
    check_choice("span", span, get_args(HeatMapSpan))
    query = partial(
        query_heat_map,
        span=span,
        branches=check_texts("branches", branches),
        max_tests=check_int("max_tests", max_tests),
        max_columns=check_int("max_columns", max_columns),
    )
    return await _read(target, query, since, until, projects)


async def read_trends(
    target: str | Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    projects: Sequence[str] = (),
    branches: Sequence[str] = (),
    max_branches: int = MAX_BRANCHES,
    max_days: int = MAX_DAYS,
) -> Trends:
    """Read how runs and their tests went by day and by branch, from an export.

    `target`, `since`, `until`, `projects` and `branches` are those of `read_heat_map`. Only the
    newest `max_days` days count. The `max_branches` branches with most runs have figures of their
    own, and the others some together. Figures for which the export has no table `tests` or
    `attempts` are None.

    Raises `InvalidArgumentError`, and `ExportError` if there is no export at the target, it cannot
    be read, or it lacks the table `runs`.
    """
    query = partial(
        query_trends,
        branches=check_texts("branches", branches),
        max_branches=check_int("max_branches", max_branches),
        max_days=check_int("max_days", max_days),
    )
    return await _read(target, query, since, until, projects)


async def _read(
    target: str | Path,
    query: Callable[[Tables], T],
    since: datetime | None,
    until: datetime | None,
    projects: Sequence[str],
) -> T:
    if not isinstance(target, Path):
        check_text("target", target)
    first, last = days_between(since, until)
    part = Part(first, last, frozenset(check_texts("projects", projects, check_segment)))
    return await in_thread(partial(_query, target, part, query))


def _query(target: str | Path, part: Part, query: Callable[[Tables], T]) -> T:
    with reading(target, part) as tables:
        return query(tables)
