"""The tables of runs that have been fetched, beside those of an export."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from currents_async import Currents
from currents_async.analysis import RunDetails
from currents_async.export import KEYS, SCHEMAS, export, tables_of
from currents_async.models import Run
from currents_async.testing import FakeCurrents
from tests.export.exporting import ANNOTATIONS, SINCE, UNTIL, both_frameworks


async def test_they_are_those_of_an_export(tmp_path: Path) -> None:
    world = both_frameworks([datetime(2026, 1, 6, hour, tzinfo=UTC) for hour in (1, 2)], failures=2)
    projects = [project.project_id for project in world.projects]
    async with (
        FakeCurrents(world) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        await export(currents, tmp_path, projects=projects, since=SINCE, until=UNTIL)
        details = [
            await currents.reports.details(run.run_id)
            for project in world.projects
            for run in project.runs
        ]
    tables = tables_of(*details)
    assert list(tables) == list(SCHEMAS)
    assert tables["annotations"].num_rows >= len(ANNOTATIONS)
    for name in SCHEMAS:
        order = [(column, "ascending") for column in KEYS[name]]
        found = tables[name].sort_by(order)
        expected = pq.read_table(tmp_path / name, schema=SCHEMAS[name]).sort_by(order)
        # Only lists say which run a run retries, and only exports have a time.
        others = ["exported_at", *(["previous_run_id"] if name == "runs" else [])]
        found, expected = (one.drop_columns(others) for one in (found, expected))
        assert found.equals(expected), name
        assert tables[name].schema.equals(SCHEMAS[name], check_metadata=True)


@pytest.mark.parametrize("moment", [None, datetime(1, 1, 1, tzinfo=UTC)])
def test_a_run_of_an_unknown_day_has_rows_too(moment: datetime | None) -> None:
    tables = tables_of(RunDetails(run=Run(run_id="r", created_at=moment)))
    assert tables["runs"]["day"].to_pylist() in ([date(1970, 1, 1)], [date(1, 1, 1)])
    assert tables["errors"].num_rows == 0
