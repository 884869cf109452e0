"""What tasks of Spark read and request, without Spark: partitions, filters, tables, columns."""

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

pytest.importorskip("pyspark")

from pyspark.sql.datasource import (
    EqualNullSafe,
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    InputPartition,
    IsNotNull,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Not,
    StringContains,
    StringEndsWith,
    StringStartsWith,
)

from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._engines.spark_options import SparkOptions
from currents_async.export._engines.spark_reading import divide
from currents_async.export._tables import SCHEMAS
from currents_async.export._windows import windows_between
from currents_async.export.spark_source import CurrentsReader, FilteringReader
from currents_async.testing import FakeCurrents, World
from currents_async.testing.limiters import TokenBucket
from tests.export.serving import serving, three_days

pytestmark = pytest.mark.engines

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = [date(2026, 1, day) for day in (5, 6, 7)]


@pytest.fixture
def server() -> Iterator[FakeCurrents]:
    with serving(three_days(SINCE, runs_a_day=2)) as server:
        yield server


def projects_of(world: World) -> list[str]:
    return [project.project_id for project in world.projects]


def options_for(server: FakeCurrents, **more: str) -> SparkOptions:
    return SparkOptions({
        "apiKey": server.api_key,
        "apiUrl": server.url,
        "project": ",".join(projects_of(server.world)),
        "since": "2026-01-05",
        "until": "2026-01-08",
        **({} if "tables" in more else {"table": "tests"}),
        **more,
    })


def read_all(reader: CurrentsReader) -> list[dict[str, Any]]:
    # Executors receive what the driver has planned.
    reader, partitions = pickle.loads(pickle.dumps((reader, reader.partitions())))
    batches = (batch for partition in partitions for batch in reader.read(partition))
    return [without_time(row) for batch in batches for row in batch.to_pylist()]


def read(server: FakeCurrents, **more: str) -> list[dict[str, Any]]:
    return read_all(CurrentsReader(options_for(server, **more)))


def read_where(server: FakeCurrents, *filters: Filter, **more: str) -> list[dict[str, Any]]:
    reader = FilteringReader(options_for(server, **more))
    assert reader.pushFilters([*filters]) == []
    return read_all(reader)


def in_any_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))


def without_time(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "exported_at"}


def partitions_of(options: SparkOptions) -> list[Any]:
    return list(CurrentsReader(options).partitions())


def requests_since(server: FakeCurrents, begin: int) -> Counter[str]:
    return Counter(f"{one.path} {one.query}" for one in server.requests[begin:])


class TestPartitions:
    def test_one_task_has_all_windows_by_default(self, server: FakeCurrents) -> None:
        [partition] = partitions_of(options_for(server))
        windows = windows_between(
            projects_of(server.world), SINCE, datetime(2026, 1, 8, tzinfo=UTC)
        )
        assert list(partition.windows) == sorted(windows)

    def test_each_of_several_has_days_of_all_projects(self) -> None:
        windows = [*windows_between(["b", "a"], SINCE, datetime(2026, 2, 4, tzinfo=UTC))]
        partitions = divide(windows, 4)
        assert sorted(one for part in partitions for one in part.windows) == sorted(windows)
        for part in partitions:
            assert list(part.windows) == sorted(part.windows)
            assert Counter(one.project_id for one in part.windows).keys() == {"a", "b"}
            assert len(part.windows) == 15

    def test_what_few_windows_leave_of_the_rate_is_shared(self, server: FakeCurrents) -> None:
        options = options_for(server, maxConcurrentTasks="8", rate="12")
        limits = [options.limits(one.tasks) for one in partitions_of(options)]
        assert [(one.rate, one.concurrency) for one in limits] == [(2, 2)] * 6

    def test_tasks_read_each_window_once(self, server: FakeCurrents) -> None:
        rows = read(server, maxConcurrentTasks="4")
        assert in_any_order(rows) == in_any_order(read(server))

    def test_behind_a_limit_few_requests_are_refused(self) -> None:
        with serving(three_days(SINCE, runs_a_day=20)) as server:
            server.limit_rate(TokenBucket(rate=200, burst=20))
            rows = read(server)
            refused = sum(request.status == 429 for request in server.requests)
            assert len(server.requests) > 240
        assert rows
        assert refused <= 12

    def test_another_partition_is_refused(self, server: FakeCurrents) -> None:
        with pytest.raises(TypeError, match="not a partition"):
            list(CurrentsReader(options_for(server)).read(InputPartition(1)))


class OfALaterSpark(EqualTo):
    """A filter that we do not know."""


DAY = ("day",)
PROJECT = ("project_id",)


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "days"),
        [
            ([EqualTo(DAY, DAYS[1])], [1]),
            ([EqualNullSafe(DAY, DAYS[1]), IsNotNull(DAY)], [1]),
            ([GreaterThan(DAY, DAYS[0])], [1, 2]),
            ([GreaterThanOrEqual(DAY, DAYS[1]), LessThan(DAY, DAYS[2])], [1]),
            ([LessThanOrEqual(DAY, DAYS[1])], [0, 1]),
            ([In(DAY, (DAYS[0], DAYS[2]))], [0, 2]),
            ([Not(EqualTo(DAY, DAYS[0])), Not(In(DAY, (DAYS[1],)))], [2]),
            ([IsNull(DAY)], []),
            ([EqualTo(DAY, date(2025, 1, 1))], []),
        ],
    )
    def test_on_days_say_what_is_fetched(
        self, server: FakeCurrents, filters: list[Filter], days: list[int]
    ) -> None:
        rows = read_where(server, *filters)
        filtered, begin = requests_since(server, 0), len(server.requests)
        asked = [f"{DAYS[index]}" for index in days]
        expected = [row for day in asked for row in read(server, since=day, until=f"{day}T01")]
        assert in_any_order(rows) == in_any_order(expected)
        assert filtered == requests_since(server, begin)

    @pytest.mark.parametrize(
        "make",
        [
            lambda project: [EqualTo(PROJECT, project)],
            lambda project: [In(PROJECT, (project, "other"))],
            lambda project: [StringStartsWith(PROJECT, project[:4])],
            lambda project: [StringEndsWith(PROJECT, project[2:])],
            lambda project: [StringContains(PROJECT, project[1:-1])],
        ],
    )
    def test_on_projects_say_what_is_fetched(self, server: FakeCurrents, make: Any) -> None:
        project = projects_of(server.world)[1]
        rows = read_where(server, *make(project))
        filtered, begin = requests_since(server, 0), len(server.requests)
        assert in_any_order(rows) == in_any_order(read(server, project=project))
        assert filtered == requests_since(server, begin)

    def test_on_tables_say_what_is_fetched(self, server: FakeCurrents) -> None:
        rows = read_where(server, EqualTo(("table",), "runs"), tables="runs,tests")
        filtered, begin = requests_since(server, 0), len(server.requests)
        runs = [without_time(row["runs"]) for row in rows]
        assert in_any_order(runs) == in_any_order(read(server, table="runs"))
        assert filtered == requests_since(server, begin)

    def test_on_a_table_of_errors_leave_everything_to_be_fetched(
        self, server: FakeCurrents
    ) -> None:
        server.fail("getInstance", status=404, times=None)
        rows = read_where(server, EqualTo(("table",), "errors"), tables="tests,errors")
        assert len(rows) == 24
        assert read_where(server, EqualTo(("table",), "tests"), tables="tests,errors") == []

    @pytest.mark.parametrize(
        "condition",
        [
            EqualTo(("spec",), "a.spec.ts"),
            EqualTo(("day", "year"), DAYS[0]),
            EqualTo(DAY, "2026-01-05"),
            EqualTo(DAY, SINCE),
            EqualTo(PROJECT, None),
            Not(In(PROJECT, ("p", None))),
            GreaterThan(PROJECT, 1),
            # `tests` has no such column.
            EqualTo(("table",), "tests"),
            OfALaterSpark(DAY, DAYS[0]),
        ],
    )
    def test_others_are_left_to_spark(self, server: FakeCurrents, condition: Filter) -> None:
        reader = FilteringReader(options_for(server))
        for one in (condition, Not(condition)):
            assert reader.pushFilters([one, EqualTo(DAY, DAYS[0])]) == [one]


class TestTables:
    def test_come_from_one_fetch(self, server: FakeCurrents) -> None:
        by_table = {table: read(server, table=table) for table in SCHEMAS}
        begin = len(server.requests)
        read(server)
        alone, begin = requests_since(server, begin), len(server.requests)
        rows = read(server, tables=", ".join(sorted(SCHEMAS)))
        assert requests_since(server, begin) == alone
        assert Counter(row["table"] for row in rows) == {
            table: len(rows) for table, rows in by_table.items() if rows
        }
        for row in rows:
            values = row[row["table"]]
            assert (values["project_id"], values["day"]) == (row["project_id"], row["day"])
            assert without_time(values) in by_table[row["table"]]
            assert all(row[table] is None for table in SCHEMAS if table != row["table"])

    def test_with_errors_among_them_no_task_fails(self, server: FakeCurrents) -> None:
        server.fail("getInstance", status=404, times=None)
        rows = read(server, tables="runs,tests,errors")
        assert Counter(row["table"] for row in rows) == {"runs": 12, "errors": 24}
        with pytest.raises(ExportError, match="could not be fetched"):
            read(server, tables="runs,tests")

    def test_have_the_columns_that_were_chosen(self, server: FakeCurrents) -> None:
        rows = read(server, columns="is_flaky, spec,spec")
        assert [list(row) for row in rows[:1]] == [["is_flaky", "spec"]]
        whole = [{name: row[name] for name in ("is_flaky", "spec")} for row in read(server)]
        assert in_any_order(rows) == in_any_order(whole)


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_have_types_of_spark(server: FakeCurrents, table: str) -> None:
    fields: Sequence[Any] = list(SCHEMAS[table])
    alone, together = (options_for(server, **{name: table}).frame for name in ("table", "tables"))
    assert [part.split()[0] for part in alone.ddl.split(", ")] == [f"`{f.name}`" for f in fields]
    assert together.ddl.startswith(
        "`table` STRING NOT NULL, `project_id` STRING NOT NULL, `day` DATE NOT NULL, "
        f"`{table}` STRUCT<`project_id`: STRING, `day`: DATE, "
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "runs", "tables": "tests"}, "'table' and 'tables' exclude each other"),
        ({"columns": "spec", "tables": "tests"}, "'columns' and 'tables' exclude each other"),
        ({"tables": "runs,test"}, "'tables' cannot be 'runs,test'"),
        ({"tables": ""}, "'tables' cannot be ''"),
        ({"columns": "spec,specs"}, "names 'specs', but 'tests' has no such column"),
        ({"columns": ""}, "names '', but 'tests' has no such column"),
        ({"pushFilters": "yes"}, "'pushFilters' cannot be 'yes'"),
    ],
)
def test_what_cannot_be_read_is_refused(
    server: FakeCurrents, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        options_for(server, **options)
    assert server.requests == []
