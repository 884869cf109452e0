"""The tables as a source for dlt, with the extra `dlt`.

```python
pipeline = dlt.pipeline("currents", destination="duckdb", dataset_name="test_runs")
source = currents_source(["DgTfZV"], since=datetime(2026, 1, 1, tzinfo=UTC))
for load in load_windows(pipeline, source):
    print(load)
```

`pipeline.run(source)` loads the same in a single load, which starts over if it is killed.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import dlt
from dlt.common.destination import TLoaderFileFormat
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from currents_async import Currents
from currents_async.errors import InvalidArgumentError
from currents_async.export._engines.blocking import Connect
from currents_async.export._engines.dlt_destination import SCHEMA, can_replace
from currents_async.export._engines.dlt_loading import WINDOWS, DltLoading
from currents_async.export._plan import LOOK_BACK, check_look_back, make_plan
from currents_async.export._tables import SCHEMAS

__all__ = ["currents_source", "load_windows"]

_DAY: Final = timedelta(days=1)
_logger = logging.getLogger("currents_async.export")


def currents_source(
    project_ids: Iterable[str],
    since: datetime,
    until: datetime | None = None,
    *,
    tables: Iterable[str] = tuple(SCHEMAS),
    look_back: timedelta = LOOK_BACK,
    connect: Connect = Currents,
) -> DltSource:
    """Make a dlt source of all runs of some projects that began in a span of time.

    It has a resource for each of the `tables`, which yields Arrow data. The days of `since` and
    `until`, which is now by default, are included in full, in UTC.

    `pipeline.run` loads everything in one load: all of it is there at the end, or nothing is. If
    the previous load was killed while dlt loaded, it finishes that one, and does no more. For more
    than a few days use `load_windows`, which loads one day at a time, so that a pipeline that is
    killed continues with the day it was loading. Both load only what has not been loaded before.
    That is recorded in the state of the pipeline, which dlt keeps in the destination with the data
    and restores from there if its working directory is lost. A day that may have changed since it
    was loaded, as `export` explains, is loaded again, but only once by the same source. So is, for
    14 days, a day of which something could not be fetched.

    A list of runs that fails, for example because the project was deleted, becomes a row in
    `errors` and a warning of the logger `currents_async.export`; the next source requests its day
    again, for those 14 days. Only an error that all projects are refused with is raised, or one
    that is about none of them, as `export` explains.

    - Destinations that can replace rows (dlt's strategy `delete-insert`: databases and warehouses)
      replace the rows of each run that is fetched, and in the tables of tests and of what belongs
      to them those of each instance, even if the state is lost. Rows stay as they were if the
      server no longer has their run or instance, or does not send it; but those of an instance are
      deleted when its spec file has been executed as another one since, and rows of `specs` when
      their run comes without them. These tables have an additional column `is_tombstone`, which is
      null in all rows: it tells dlt which rows to delete. Lists are stored as JSON, `jsonb` in
      PostgreSQL. Where dlt loads CSV, as into PostgreSQL, empty text in a nullable column becomes
      null, and NUL characters are dropped; `loader_file_format="insert_values"` keeps empty text,
      and takes twice as long.
    - Other destinations (files, such as Parquet in a bucket) only add rows. So each day is loaded
      once, when it has been over for `look_back`; what could not be fetched by then is in `errors`,
      unless it is the whole list, and a list that fails midway is raised. If the state is lost, or
      a pipeline of another name has loaded before, nothing is loaded, because rows would be there
      twice. A load that was killed can leave files that no later load knows of if the working
      directory is lost, too: a warning of the logger `currents_async.export` names them.

    `connect` makes the client, for example `lambda: Currents(limits=Limits(rate=10))`; dlt neither
    configures nor stores the API key.

    Raises `InvalidArgumentError`. When it is run, dlt raises its own errors, caused by those that
    `export` raises.
    """
    plan = make_plan(connect(), projects=project_ids, since=since, until=until, tables=tables)
    loading = DltLoading(plan, connect, look_back=check_look_back(look_back))
    return DltSource(dlt.Schema(SCHEMA), SCHEMA, list(loading.resources()))


def load_windows(
    pipeline: dlt.Pipeline,
    source: DltSource,
    *,
    window: timedelta = _DAY,
    loader_file_format: TLoaderFileFormat | None = None,
) -> Iterator[LoadInfo]:
    """Run a pipeline until everything in a `currents_source` has been loaded.

    Each load covers `window`, which is a number of whole days in UTC, of all projects, and is
    complete when it is yielded. The first one may be what an earlier run left behind; if that
    cannot be loaded, it is fetched again where days can be replaced. `loader_file_format` is that
    of `pipeline.run`.

    Raises `InvalidArgumentError`, and what `pipeline.run` raises.
    """
    if window < _DAY or window % _DAY:
        raise InvalidArgumentError(f"window must be whole days, at least one, not {window}")
    file_format: Any = loader_file_format
    run = partial(pipeline.run, loader_file_format=file_format)
    return _load(pipeline, lambda: run(_part_of(source, window)))


def _load(pipeline: dlt.Pipeline, load_next: Callable[[], LoadInfo]) -> Iterator[LoadInfo]:
    if pipeline.has_pending_data and (load := _load_leftovers(pipeline)) is not None:
        yield load
    while not (load := load_next()).is_empty:
        yield load


def _load_leftovers(pipeline: dlt.Pipeline) -> LoadInfo | None:
    """Load what an earlier run left behind, or drop it where it can be fetched again.

    PostgreSQL refuses forever what it had committed when dlt was killed before noting it: IDs are
    unique in dlt's table of states.
    """
    try:
        return pipeline.run()
    except PipelineStepFailed:
        if not can_replace(pipeline):
            raise
        _logger.warning("what an earlier run left behind cannot be loaded: it is fetched again")
        # The destination knows what has been loaded.
        pipeline.drop()
        return None


def _part_of(source: DltSource, span: timedelta) -> DltSource:
    part = source.clone()
    part.resources[WINDOWS].bind(span)
    return part
