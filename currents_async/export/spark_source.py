"""The tables as a data source for Spark, with the extra `spark`.

```python
spark.dataSource.register(CurrentsDataSource)
tests = (
    spark.read.format("currents")
    .options(project="DgTfZV", table="tests", since="2026-01-01", maxConcurrentTasks=8, rate=10)
    .load()
)
```
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxFiles,
    SupportsTriggerAvailableNow,
)
from pyspark.sql.types import StructType

from currents_async import Currents
from currents_async.errors import ExportError
from currents_async.export._engines.blocking import WindowSummary, read_windows
from currents_async.export._engines.engine_types import in_microseconds
from currents_async.export._engines.spark_options import SparkOptions
from currents_async.export._plan import make_plan
from currents_async.export._tables import SCHEMAS
from currents_async.export._windows import Window, windows_between

__all__ = ["CurrentsDataSource"]

_TYPES = {
    "string": "STRING",
    "bool": "BOOLEAN",
    "int32": "INT",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "timestamp[ms, tz=UTC]": "TIMESTAMP",
    "list<element: string>": "ARRAY<STRING>",
}

Offset = dict[str, str]
"""The first `day` that has not been read yet."""


class CurrentsDataSource(DataSource):
    """Reads a table of the runs of some projects; each day of a project is a partition.

    Rows are read as Arrow batches, with the columns of `SCHEMAS`. This package has to be installed
    on the executors, which send all requests.

    Options, of which the first three are required:

    - `project`: the ID of a project, or several separated by commas.
    - `table`: one of `SCHEMAS`.
    - `since`, `until`: days, or moments, in UTC unless they have a time zone; their days are read
      in full. `until` is now by default, and never for a stream.
    - `rate`: the requests per second that the API key allows; by default each task discovers it.
    - `maxConcurrentTasks`: how many tasks may read at the same time, which is how many slots the
      executors have; 1 by default. The rate and the connections are divided among them.
    - `onError`: what happens if instances cannot be fetched. `raise`, the default, fails the task,
      which Spark then retries; `skip` leaves them out.
    - `lookBackHours`: for a stream, how long a day has to be over before it is read; 48 by default,
      because its runs may still be in progress. Each day is read once.
    - `maxDaysPerTrigger`: for a stream, the maximum number of days in a micro-batch; by default
      there is none.
    - `apiKey`: the API key, only for experiments: Spark stores and passes on options as they are,
      and does not treat them as secrets. Set `CURRENTS_API_KEY` on the executors instead, as a
      secret of your cluster.
    - `apiUrl`: another URL of the API.

    The position of a stream is a day. Raises `InvalidArgumentError` for other options; tasks fail
    with the errors that `export` raises.
    """

    @classmethod
    def name(cls) -> str:
        """Return `currents`."""
        return "currents"

    def schema(self) -> str:
        """Return the columns of the table."""
        fields: list[pa.Field[Any]] = list(SCHEMAS[SparkOptions(self.options).table])
        return ", ".join(
            f"{field.name} {_TYPES[str(field.type)]}{'' if field.nullable else ' NOT NULL'}"
            for field in fields
        )

    def reader(self, schema: StructType) -> "CurrentsReader":  # noqa: ARG002 - `schema()` is ours
        """Read all days until now."""
        return CurrentsReader(SparkOptions(self.options))

    def streamReader(self, schema: StructType) -> "CurrentsStreamReader":  # noqa: ARG002, N802 - Spark's
        """Read each day when it has been over for long enough."""
        return CurrentsStreamReader(SparkOptions(self.options))


class WindowPartition(InputPartition):
    """A window that one task reads."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window


class CurrentsReader(DataSourceReader):
    """Reads each day of a project by one task."""

    def __init__(self, options: SparkOptions) -> None:
        self._options = options

    def partitions(self) -> Sequence[InputPartition]:
        """Plan a task for each window."""
        options = self._options
        until = options.until or datetime.now(UTC)
        return _partitions_of(options, options.since, until)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Fetch a window."""
        return _read(self._options, partition)


class CurrentsStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads days of projects when they have been over for long enough."""

    def __init__(self, options: SparkOptions) -> None:
        self._options = options
        self._last: date | None = None

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's
        """Read only the days that are over now."""
        self._last = self._first_to_come()

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - Spark's
        """Limit the days of a micro-batch; Spark calls them files."""
        days = self._options.max_days_per_trigger
        return ReadAllAvailable() if days is None else ReadMaxFiles(days)

    def initialOffset(self) -> Offset:  # noqa: N802 - Spark's
        """Start with the first day."""
        return {"day": self._options.since.date().isoformat()}

    def latestOffset(self, start: Offset, limit: ReadLimit) -> Offset:  # noqa: N802 - Spark's
        """Continue with the days that are over."""
        first = date.fromisoformat(start["day"])
        end = self._last or self._first_to_come()
        if isinstance(limit, ReadMaxFiles):
            end = min(end, first + timedelta(days=limit.max_files))
        return {"day": max(first, end).isoformat()}

    def partitions(self, start: Offset, end: Offset) -> Sequence[InputPartition]:
        """Plan a task for each window."""
        if start == end:
            return []
        return _partitions_of(self._options, _midnight(start), _midnight(end))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Fetch a window."""
        return _read(self._options, partition)

    def _first_to_come(self) -> date:
        """Return the first day that has not been over for long enough."""
        over = datetime.now(UTC) - self._options.look_back
        until = self._options.until
        # The day of `until` is read, too.
        return over.date() if until is None else min(over, until + _ALMOST_A_DAY).date()


_ALMOST_A_DAY = timedelta(days=1) - datetime.resolution


def _midnight(offset: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(offset["day"]).replace(tzinfo=UTC)


def _partitions_of(
    options: SparkOptions, since: datetime, until: datetime
) -> list[WindowPartition]:
    return [WindowPartition(one) for one in windows_between(options.projects, since, until)]


def _read(options: SparkOptions, partition: InputPartition) -> Iterator[pa.RecordBatch]:
    if not isinstance(partition, WindowPartition):
        raise TypeError(f"not a partition of this source: {partition!r}")
    window = partition.window

    def connect() -> Currents:
        return Currents(options.api_key, base_url=options.base_url, limits=options.limits)

    plan = make_plan(
        connect(),
        projects=[window.project_id],
        since=window.start,
        until=window.end,
        # Errors are only known after fetching everything.
        tables=SCHEMAS if options.table == "errors" else (options.table, "errors"),
    )
    for one in read_windows(connect, plan, plan.windows):
        if isinstance(one, WindowSummary):
            continue
        if one.table == options.table:
            yield in_microseconds(one.batch)
        elif one.table == "errors" and not options.skips_errors:
            raise ExportError(_complaint(window, one.batch))


def _complaint(window: Window, errors: pa.RecordBatch) -> str:
    first = errors.slice(0, 1).to_pylist()[0]
    return (
        f"{errors.num_rows} of the instances of {window.project_id} on {window.day} could not be "
        f"fetched: {first['message']} (onError=skip leaves them out)"
    )
