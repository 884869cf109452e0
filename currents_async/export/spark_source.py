"""The tables as a data source for Spark, with the extra `spark`.

```python
spark.dataSource.register(CurrentsDataSource)
tests = (
    spark.read.format("currents")
    .options(project="DgTfZV", table="tests", since="2026-01-01")
    .load()
)
```
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    Filter,
    InputPartition,
)
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxFiles,
    SupportsTriggerAvailableNow,
)
from pyspark.sql.types import StructType

from currents_async.errors import InvalidArgumentError
from currents_async.export._engines.spark_filters import PushedFilters
from currents_async.export._engines.spark_options import SparkOptions
from currents_async.export._engines.spark_reading import divide, read_partition
from currents_async.export._windows import windows_between

__all__ = ["CurrentsDataSource"]

Offset = dict[str, str]
"""The first `day` that has not been read yet."""


class CurrentsDataSource(DataSource):
    """Reads tables of the runs of some projects, by one task that keeps to one rate.

    Rows are read as Arrow batches, with the columns of `SCHEMAS`. This package has to be installed
    on the executors, which send all requests.

    Options, of which `project`, `since` and one of `table` and `tables` are required:

    - `project`: the ID of a project, or several separated by commas.
    - `table`: one of `SCHEMAS`.
    - `tables`: several of them separated by commas, all from one fetch. Each row has `table`,
      `project_id` and `day`, and its other values in the struct of its table, such as `tests`; the
      structs of the other tables are null.
    - `columns`: some columns of `table`, separated by commas; all by default. Spark does not tell
      this source which columns a query uses.
    - `since`, `until`: days, or moments, in UTC unless they have a time zone; their days are read
      in full. `until` is now by default, and never for a stream.
    - `pushFilters`: if `true`, filters on `project_id`, `day` and `table` say what is fetched at
      all, and Spark fails unless its setting `spark.sql.python.filterPushdown.enabled` is `true`;
      `false` by default. It is not for streams.
    - `rate`: the requests per second that the API key allows; by default it is discovered.
    - `maxConcurrentTasks`: into how many tasks the days are divided, and with them the rate and the
      connections; 1 by default. A task that fails is fetched again as a whole.
    - `onError`: what happens if instances cannot be fetched. `raise`, the default, fails the task,
      which Spark then retries; `skip` leaves them out. Where the table `errors` is read, it has
      them.
    - `lookBackHours`: for a stream, how long a day has to be over before it is read; 48 by default,
      because its runs may still be in progress. Each day is read once.
    - `maxDaysPerTrigger`: for a stream, the maximum number of days in a micro-batch; by default
      there is none.
    - `apiKey`: the API key, only where executors have no environment of yours: Spark stores and
      passes on options as they are, and does not treat them as secrets. Set `CURRENTS_API_KEY` on
      the executors instead, as a secret of your cluster.
    - `apiUrl`: another URL of the API.

    The position of a stream is a day. Raises `InvalidArgumentError` for other options, and for a
    schema of yours; tasks fail with the errors that `export` raises.
    """

    @classmethod
    def name(cls) -> str:
        """Return `currents`."""
        return "currents"

    def schema(self) -> str:
        """Return the columns of the table, or of the structs of several tables."""
        return SparkOptions(self.options).frame.ddl

    def reader(self, schema: StructType) -> "CurrentsReader":
        """Read all days until now."""
        options = _checked(self.options, schema)
        return FilteringReader(options) if options.pushes_filters else CurrentsReader(options)

    def streamReader(self, schema: StructType) -> "CurrentsStreamReader":  # noqa: N802 - Spark's
        """Read each day when it has been over for long enough."""
        return CurrentsStreamReader(_checked(self.options, schema))


class CurrentsReader(DataSourceReader):
    """Reads the days of all projects by as few tasks as the options want."""

    def __init__(self, options: SparkOptions) -> None:
        self._options = options
        self._filters = PushedFilters(options.frame.schema.names)

    def partitions(self) -> Sequence[InputPartition]:
        """Divide the windows among tasks."""
        options, filters = self._options, self._filters
        until = options.until or datetime.now(UTC)
        windows = [
            window
            for window in windows_between(options.projects, options.since, until)
            if filters.accept("day", window.day) and filters.accept("project_id", window.project_id)
        ]
        return divide(windows, options.max_tasks)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Fetch the windows of a task."""
        tables = self._options.tables
        wanted = [table for table in tables if self._filters.accept("table", table)]
        return read_partition(self._options, partition, wanted)


class FilteringReader(CurrentsReader):
    """Fetches only what filters ask for.

    It is a class of its own because Spark refuses readers with `pushFilters` unless its setting
    `spark.sql.python.filterPushdown.enabled` is on, and it is off by default.
    """

    def pushFilters(self, filters: list[Filter]) -> list[Filter]:  # noqa: N802 - Spark's
        """Take the filters on project, day and table; hand back all others."""
        return [one for one in filters if not self._filters.take(one)]


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
        """Divide the windows among tasks."""
        if start == end:
            return []
        options = self._options
        windows = windows_between(options.projects, _midnight(start), _midnight(end))
        return divide([*windows], options.max_tasks)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Fetch the windows of a task."""
        return read_partition(self._options, partition, self._options.tables)

    def _first_to_come(self) -> date:
        """Return the first day that has not been over for long enough."""
        over = datetime.now(UTC) - self._options.look_back
        until = self._options.until
        # The day of `until` is read, too.
        return over.date() if until is None else min(over, until + _ALMOST_A_DAY).date()


_ALMOST_A_DAY = timedelta(days=1) - datetime.resolution


def _midnight(offset: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(offset["day"]).replace(tzinfo=UTC)


def _checked(texts: Mapping[str, str], schema: StructType) -> SparkOptions:
    options = SparkOptions(texts)
    names = options.frame.schema.names
    if schema.fieldNames() != names:
        raise InvalidArgumentError(
            f"the schema has to be {', '.join(names)}: leave out .schema(), and choose columns by "
            "the option 'columns'"
        )
    return options
