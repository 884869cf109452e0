"""The data source for Spark, in its local mode, against the rows of the world."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

pytest.importorskip("pyspark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java", allow_module_level=True)

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from currents_async import Currents
from currents_async.export._export import export
from currents_async.export._tables import KEYS, SCHEMAS
from currents_async.export.spark_source import CurrentsDataSource
from currents_async.testing import FakeCurrents, World
from tests.documentation import block_with
from tests.export.landed import Landed, expected, in_parquet
from tests.export.serving import serving, three_days
from tests.export.spark_session import session_in

pytestmark = [pytest.mark.engines, pytest.mark.xdist_group("spark")]

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
KEY = "fake-currents-api-key"
PUSHDOWN = "spark.sql.python.filterPushdown.enabled"


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with session_in(tmp_path_factory.mktemp("spark"), CURRENTS_API_KEY=KEY) as session:
        session.dataSource.register(CurrentsDataSource)
        yield session


@pytest.fixture
def world() -> World:
    return three_days(SINCE, runs_a_day=2)


@pytest.fixture
def server(world: World) -> Iterator[FakeCurrents]:
    with serving(world) as server:
        yield server


def options_for(server: FakeCurrents, table: str, **more: Any) -> dict[str, Any]:
    projects = [project.project_id for project in server.world.projects]
    return {
        "apiUrl": server.url,
        "project": ",".join(projects),
        "table": table,
        "since": "2026-01-05",
        "until": "2026-01-08",
        **more,
    }


def read(spark: SparkSession, server: FakeCurrents, table: str, **more: Any) -> DataFrame:
    return spark.read.format("currents").options(**options_for(server, table, **more)).load()


def rows_of(frame: DataFrame, table: str) -> list[Any]:
    rows: Any = msgspec.to_builtins(pa.Table.to_pylist(frame.drop("exported_at").toArrow()))
    return in_order(rows, table)


def in_order(rows: list[Any], table: str) -> list[Any]:
    return sorted(rows, key=lambda row: [row[key] for key in KEYS[table]])


def wanted(world: World, table: str) -> list[Any]:
    return flat(expected(world), table)


def flat(landed: Landed, table: str) -> list[Any]:
    rows = [
        {"project_id": window.project_id, "day": window.day.isoformat(), **row}
        for window, rows in landed[table].items()
        for row in rows
    ]
    return in_order(rows, table)


async def export_table(server: FakeCurrents, table: str, target: Path) -> None:
    async with Currents(KEY, base_url=server.url) as currents:
        await export(
            currents,
            target,
            projects=[project.project_id for project in server.world.projects],
            since=SINCE,
            until=SINCE + timedelta(days=3),
            tables=[table],
        )


class TestBatch:
    @pytest.mark.parametrize("table", SCHEMAS)
    def test_has_the_rows_of_an_export(
        self, spark: SparkSession, server: FakeCurrents, tmp_path: Path, table: str
    ) -> None:
        asyncio.run(export_table(server, table, tmp_path))
        rows = rows_of(read(spark, server, table), table)
        assert rows == flat(in_parquet(tmp_path), table)
        assert rows or table == "errors"

    def test_has_the_rows_of_the_world(
        self, spark: SparkSession, server: FakeCurrents, world: World
    ) -> None:
        assert rows_of(read(spark, server, "tests"), "tests") == wanted(world, "tests")

    def test_is_read_by_the_code_of_the_readme(
        self, spark: SparkSession, server: FakeCurrents, world: World
    ) -> None:
        options = options_for(server, "tests")
        del options["table"]
        frame: DataFrame = block_with("flaky_specs")["flaky_specs"](spark, **options)
        flaky = Counter(row["spec"] for row in wanted(world, "tests") if row["is_flaky"])
        assert flaky
        assert {row["spec"]: row["count"] for row in frame.collect()} == flaky

    def test_is_read_by_as_many_tasks_as_wanted(
        self, spark: SparkSession, server: FakeCurrents, world: World
    ) -> None:
        assert read(spark, server, "tests").rdd.getNumPartitions() == 1
        frame = read(spark, server, "tests", maxConcurrentTasks=4)
        assert frame.rdd.getNumPartitions() == 4
        assert rows_of(frame, "tests") == wanted(world, "tests")

    def test_fails_for_what_cannot_be_fetched(
        self, spark: SparkSession, server: FakeCurrents
    ) -> None:
        server.fail("getInstance", status=404, times=None)
        with pytest.raises(PySparkException, match="could not be fetched"):
            read(spark, server, "tests").collect()

    def test_can_leave_out_what_cannot_be_fetched(
        self, spark: SparkSession, server: FakeCurrents
    ) -> None:
        server.fail("getInstance", status=404, times=None)
        assert read(spark, server, "tests", onError="skip").count() == 0
        assert read(spark, server, "errors").count() == 24

    def test_takes_the_key_as_an_option(self, spark: SparkSession, server: FakeCurrents) -> None:
        server.api_key = "another"
        assert read(spark, server, "runs", apiKey="another").count() == 12

    def test_has_the_columns_that_were_chosen(
        self, spark: SparkSession, server: FakeCurrents
    ) -> None:
        frame = read(spark, server, "tests", columns="test_id,tags,started_at")
        assert frame.columns == ["test_id", "tags", "started_at"]
        assert frame.count() == read(spark, server, "tests").count()

    def test_refuses_another_schema(self, spark: SparkSession, server: FakeCurrents) -> None:
        reader = spark.read.format("currents").options(**options_for(server, "tests"))
        with pytest.raises(PySparkException, match="choose columns by"):
            reader.schema("spec STRING").load().collect()
        assert not server.requests

    def test_takes_a_key_from_a_secret(
        self, spark: SparkSession, server: FakeCurrents, capfd: pytest.CaptureFixture[str]
    ) -> None:
        server.api_key = "from-a-secret"
        secrets = SimpleNamespace(
            get=lambda scope, key: {"ci/currents-api-key": server.api_key}[f"{scope}/{key}"]
        )
        with_secret = block_with("with_secret")["with_secret"]
        dbutils = SimpleNamespace(secrets=secrets)
        frame: DataFrame = with_secret(spark, dbutils, **options_for(server, "runs"))
        assert frame.count() == 12
        frame.explain(extended=True)
        assert "from-a-secret" not in capfd.readouterr().out


class TestTables:
    def test_come_from_one_fetch(
        self, spark: SparkSession, server: FakeCurrents, world: World
    ) -> None:
        options = options_for(server, "tests")
        del options["table"]
        runs, tests = block_with("runs_and_tests")["runs_and_tests"](spark, **options)
        assert rows_of(tests, "tests") == wanted(world, "tests")
        assert rows_of(runs, "runs") == wanted(world, "runs")
        # A list for each day of a project, a run, and its instances.
        assert len(server.requests) == 6 + 12 + 24

    def test_are_all_that_there_are(
        self, spark: SparkSession, server: FakeCurrents, world: World
    ) -> None:
        options = options_for(server, "tests", tables=",".join(SCHEMAS))
        del options["table"]
        frame = spark.read.format("currents").options(**options).load().cache()
        for table in SCHEMAS:
            rows = frame.where(f"table = '{table}'").select(f"{table}.*")
            assert rows_of(rows, table) == wanted(world, table)

    def test_are_read_from_an_export(
        self, spark: SparkSession, server: FakeCurrents, world: World, tmp_path: Path
    ) -> None:
        asyncio.run(export_table(server, "tests", tmp_path))
        frame = block_with("failures_by_spec")["failures_by_spec"](spark, str(tmp_path))
        rows = wanted(world, "tests")
        failed = Counter(
            (row["project_id"], row["spec"]) for row in rows if row["state"] == "failed"
        )
        assert failed
        assert {(row.project_id, row.spec): row["count"] for row in frame.collect()} == failed


class TestFilters:
    @pytest.fixture(autouse=True)
    def a_setting_of_its_own(self, spark: SparkSession) -> Iterator[None]:
        yield
        spark.conf.unset(PUSHDOWN)

    def test_are_refused_by_spark_until_it_may_pass_them_on(
        self, spark: SparkSession, server: FakeCurrents
    ) -> None:
        with pytest.raises(PySparkException, match=PUSHDOWN):
            read(spark, server, "tests", pushFilters="true").count()
        assert not server.requests

    def test_say_which_day_is_fetched(
        self, spark: SparkSession, server: FakeCurrents, world: World
    ) -> None:
        runs_of_day = block_with("runs_of_day")["runs_of_day"]
        options = options_for(server, "runs")
        del options["table"]
        rows = rows_of(runs_of_day(spark, "2026-01-06", **options), "runs")
        assert rows == [row for row in wanted(world, "runs") if row["day"] == "2026-01-06"]
        assert len(server.requests) == 2

    @pytest.mark.parametrize(
        ("condition", "accepts", "lists"),
        [
            (
                "day >= '2026-01-06' AND project_id = '{p}'",
                lambda row: row["day"] > "2026-01-05",
                2,
            ),
            (
                "day IN ('2026-01-05', '2026-01-07') AND is_flaky AND project_id <> '{q}'",
                lambda row: row["day"] != "2026-01-06" and row["is_flaky"],
                2,
            ),
            (
                "(day = '2026-01-05' OR is_flaky) AND project_id LIKE '{p}%'",
                lambda row: row["day"] == "2026-01-05" or row["is_flaky"],
                3,
            ),
            ("day = '2025-01-05'", lambda _: False, 0),
        ],
    )
    def test_of_sql_say_what_is_fetched(
        self,
        spark: SparkSession,
        server: FakeCurrents,
        world: World,
        condition: str,
        accepts: Callable[[dict[str, Any]], bool],
        lists: int,
    ) -> None:
        spark.conf.set(PUSHDOWN, "true")
        first, second = (project.project_id for project in world.projects)
        frame = read(spark, server, "tests", pushFilters="true")
        rows = rows_of(frame.where(condition.format(p=first, q=second)), "tests")
        assert rows == [
            row for row in wanted(world, "tests") if row["project_id"] == first and accepts(row)
        ]
        # Two runs in each, of two instances.
        assert len(server.requests) == lists * (1 + 2 + 4)


class TestStream:
    def start(
        self, spark: SparkSession, server: FakeCurrents, directory: Path, **more: Any
    ) -> StreamingQuery:
        query = (
            spark.readStream
            .format("currents")
            .options(**options_for(server, "tests", **more))
            .load()
            .writeStream.format("parquet")
            .option("checkpointLocation", str(directory / "checkpoint"))
            .trigger(availableNow=True)
            .start(str(directory / "tests"))
        )
        query.awaitTermination()
        return query

    def test_has_the_rows_of_the_world(
        self, spark: SparkSession, server: FakeCurrents, world: World, tmp_path: Path
    ) -> None:
        self.start(spark, server, tmp_path)
        rows = rows_of(spark.read.parquet(str(tmp_path / "tests")), "tests")
        assert rows == wanted(world, "tests")

    def test_is_written_by_the_code_of_the_documentation(
        self, spark: SparkSession, server: FakeCurrents, world: World, tmp_path: Path
    ) -> None:
        options = options_for(server, "tests")
        del options["table"]
        block_with("append_days")["append_days"](spark, str(tmp_path), **options)
        rows = rows_of(spark.read.parquet(str(tmp_path / "tests")), "tests")
        assert rows == wanted(world, "tests")

    def test_continues_where_it_stopped(
        self, spark: SparkSession, server: FakeCurrents, world: World, tmp_path: Path
    ) -> None:
        self.start(spark, server, tmp_path, until="2026-01-06")
        before = len(server.requests)
        self.start(spark, server, tmp_path)
        later = [run.run_id for run in world.runs.values() if run.created_at > "2026-01-06"]
        fetched = [one.path_args.get("run_id") for one in server.requests[before:]]
        assert sorted(filter(None, fetched)) == sorted(later)
        rows = rows_of(spark.read.parquet(str(tmp_path / "tests")), "tests")
        assert rows == wanted(world, "tests")

    def test_limits_the_days_of_a_batch(
        self, spark: SparkSession, server: FakeCurrents, tmp_path: Path
    ) -> None:
        query = self.start(spark, server, tmp_path, maxDaysPerTrigger=1)
        assert [progress.batchId for progress in query.recentProgress] == [0, 1, 2]

    def test_waits_until_a_day_has_been_over(
        self, spark: SparkSession, server: FakeCurrents, tmp_path: Path
    ) -> None:
        ages = datetime.now(UTC) - datetime(2026, 1, 7, tzinfo=UTC)
        hours = ages / timedelta(hours=1) - 1
        self.start(spark, server, tmp_path, lookBackHours=hours)
        days = spark.read.parquet(str(tmp_path / "tests")).select("day").distinct().collect()
        assert sorted(str(row.day) for row in days) == ["2026-01-05", "2026-01-06"]
