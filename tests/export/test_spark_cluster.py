"""The data source for Spark in a cluster, whose executors are processes of their own."""

import os
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("pyspark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java", allow_module_level=True)

from currents_async.export.spark_source import CurrentsDataSource
from tests.export.serving import serving, three_days
from tests.export.spark_session import session_in

pytestmark = [pytest.mark.engines, pytest.mark.xdist_group("spark")]


def test_executors_fetch_what_filters_ask_for(tmp_path: Path) -> None:
    world = three_days(datetime(2026, 1, 5, tzinfo=UTC), runs_a_day=2)
    project = world.projects[0].project_id
    with (
        serving(world) as server,
        session_in(
            tmp_path, master="local-cluster[2,1,1024]", CURRENTS_API_KEY=server.api_key
        ) as spark,
    ):
        spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
        spark.dataSource.register(CurrentsDataSource)
        options = {
            "apiUrl": server.url,
            "project": ",".join(one.project_id for one in world.projects),
            "tables": "runs,specs,tests",
            "since": "2026-01-05",
            "until": "2026-01-08",
            "maxConcurrentTasks": "2",
            "pushFilters": "true",
        }
        frame = spark.read.format("currents").options(**options).load()
        rows = frame.where(f"project_id = '{project}' AND table <> 'tests'").collect()
        # A list for each day, and the runs for their spec files, but no instances.
        assert Counter(one.operation for one in server.requests) == {
            "listProjectRuns": 3,
            "getRun": 6,
        }
    assert {row.project_id for row in rows} == {project}
    assert Counter(row.table for row in rows) == {"runs": 6, "specs": 12}
