"""What tasks of Spark do: each reads its windows by one client, and so at one rate."""

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from currents_async import Currents
from currents_async.errors import ExportError
from currents_async.export._engines.blocking import WindowSummary, read_windows
from currents_async.export._engines.spark_options import SparkOptions
from currents_async.export._plan import make_plan
from currents_async.export._tables import SCHEMAS
from currents_async.export._windows import Window


class WindowsPartition(InputPartition):
    """The windows of a task, oldest first."""

    def __init__(self, windows: Sequence[Window], *, tasks: int) -> None:
        super().__init__(windows)
        self.windows = windows
        self.tasks = tasks
        """How many tasks share the rate and the connections."""


def divide(windows: Sequence[Window], tasks: int) -> list[WindowsPartition]:
    """Divide windows among at most some tasks, each of which has a share of every project."""
    tasks = max(1, min(tasks, len(windows)))
    of_projects = sorted(windows, key=lambda window: window.project_id)
    return [WindowsPartition(sorted(of_projects[n::tasks]), tasks=tasks) for n in range(tasks)]


def read_partition(
    options: SparkOptions, partition: InputPartition, wanted: Collection[str]
) -> Iterator[pa.RecordBatch]:
    """Fetch the windows of a partition; return the rows of the `wanted` ones of the tables.

    Raises `ExportError` for what could not be fetched, unless it is skipped or read as `errors`,
    and what `read_windows` raises.
    """
    if not isinstance(partition, WindowsPartition):
        raise TypeError(f"not a partition of this source: {partition!r}")
    windows, limits = partition.windows, options.limits(partition.tasks)
    if not windows or not wanted:
        return

    def connect() -> Currents:
        return Currents(options.api_key, base_url=options.base_url, limits=limits)

    plan = make_plan(
        connect(),
        projects=[window.project_id for window in windows],
        since=windows[0].start,
        until=windows[-1].end,
        tables=_tables_to_fetch(options, wanted),
    )
    is_forgiving = options.skips_errors or "errors" in options.tables
    for one in read_windows(connect, plan, windows):
        if isinstance(one, WindowSummary):
            continue
        if one.table in wanted:
            yield options.frame.rows(one.table, one.batch)
        elif one.table == "errors" and not is_forgiving:
            raise ExportError(_complaint(one.window, one.batch))


def _tables_to_fetch(options: SparkOptions, wanted: Collection[str]) -> Collection[str]:
    if "errors" not in options.tables:
        return {*wanted, "errors"}
    # Which errors there are depends on what is fetched: alone, they are those of everything.
    return SCHEMAS if options.tables == ("errors",) else options.tables


def _complaint(window: Window, errors: pa.RecordBatch) -> str:
    first = errors.slice(0, 1).to_pylist()[0]
    return (
        f"{errors.num_rows} of the instances of {window.project_id} on {window.day} could not be "
        f"fetched: {first['message']} (onError=skip leaves them out)"
    )
