"""Pages of `currents_async.reports` as they are, on made-up runs of a server in this process."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from made_pages import MADE

from currents_async import Currents
from currents_async.analysis import HeatMap
from currents_async.export import export
from currents_async.export.reports import read_trends
from currents_async.reports import diff_html, heat_map_html, run_html, trends_html
from currents_async.testing import FakeCurrents, World

_FIRST = datetime(2026, 1, 5, 2, tzinfo=UTC)
_DAYS = 14


def write_reports() -> None:
    """Write them where Sphinx takes whole files from."""
    folder = MADE / "site" / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in asyncio.run(_reports()).items():
        (folder / f"{name}.html").write_text(text, "utf-8")


async def _reports() -> dict[str, str]:
    world = World(seed=1)
    project = world.project("Web shop")
    runs = [
        project.run(specs=12, flaky=0.08, created_at=_FIRST + timedelta(days=day))
        for day in range(_DAYS)
    ]
    async with (
        FakeCurrents(world) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        details = [await currents.reports.details(run.run_id) for run in runs]
        diff = await currents.runs.diff(details[-2].run.run_id, details[-1].run.run_id)
        with TemporaryDirectory() as lake:
            await export(
                currents,
                Path(lake),
                projects=[project.project_id],
                since=_FIRST,
                until=_FIRST + timedelta(days=_DAYS),
            )
            trends = await read_trends(lake)
    return {
        "run": run_html(details[-1]),
        "diff": diff_html(diff, before=details[-2].run, after=details[-1].run),
        "heat-map": heat_map_html(HeatMap.of(details)),
        "trends": trends_html(trends),
    }
