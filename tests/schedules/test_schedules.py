"""The programs of the guide to schedules, run by what they are for: `nox -s schedules`."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from currents_async.testing import World
from tests.documentation import source_with
from tests.export.serving import serving

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)

Program = Callable[..., None]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def run(lake: Path, tmp_path: Path) -> Iterator[Program]:
    """Run programs beside a service with a run on each day of three months, and one of today."""
    world = World()
    project = world.project("Web")
    for created_at in (*(NOON + timedelta(days=day) for day in range(91)), datetime.now(UTC)):
        project.run(specs=1, tests=1, created_at=created_at)
    with serving(world) as server:
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # By default it asks the network.
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "CURRENTS_API_KEY": server.api_key,
            "CURRENTS_API_URL": server.url,
            "CURRENTS_LAKE": str(lake),
            "CURRENTS_PROJECTS": project.project_id,
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }

        def run(*command: str) -> None:
            subprocess.run(  # noqa: S603 - of our own making
                [sys.executable, "-m", *command], cwd=tmp_path, env=environment, check=True
            )

        yield run


def days(lake: Path) -> set[date]:
    return set(pq.read_table(lake / "runs", columns=["day"])["day"].to_pylist())


def test_airflow(run: Program, lake: Path, tmp_path: Path) -> None:
    dags = tmp_path / "airflow/dags"
    dags.mkdir(parents=True)
    (dags / "currents_lake.py").write_text(source_with("currents_nightly"))
    run("airflow", "db", "migrate")
    run("airflow", "dags", "reserialize")
    run("airflow", "dags", "test", "currents_month", "2026-10-01")
    assert days(lake) == {date(2026, 9, day) for day in range(1, 31)}
    run("airflow", "dags", "test", "currents_nightly")
    assert date.today() in days(lake)  # noqa: DTZ011 - the clock of this machine is in UTC


def test_dagster(run: Program, lake: Path, tmp_path: Path) -> None:
    (tmp_path / "currents_lake.py").write_text(source_with("runs_of_month"))
    month = ("--select", "runs_of_month", "--partition", "2026-10-01")
    run("dagster", "asset", "materialize", "-f", "currents_lake.py", *month)
    assert days(lake) == {date(2026, 10, day) for day in range(1, 32)}
