"""Times of other zones, and beyond all dates, in each report on a run."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from currents_async.analysis import HeatMap, RunDetails
from currents_async.models import Stats
from currents_async.reports import (
    ctrf,
    heat_map_html,
    job_summary,
    junit,
    pull_request_comment,
    run_html,
)
from tests.analysis.made import FAILED, NOON, a_run, a_test, an_instance

REPORTS: list[Callable[[RunDetails], str | bytes]] = [
    run_html,
    job_summary,
    pull_request_comment,
    junit,
    ctrf,
]
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
EDGES = [datetime.min.replace(tzinfo=EAST), datetime.max.replace(tzinfo=WEST)]


def started(when: datetime, duration_ms: int = 1) -> RunDetails:
    test = replace(a_test("late", FAILED), start_time=when, duration_ms=duration_ms)
    stats = Stats(wall_clock_started_at=when)
    instance = an_instance("a.ts", test, stats=stats)
    return RunDetails.of(replace(a_run(instance), created_at=when), [instance])


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("when", EDGES)
@pytest.mark.parametrize("duration_ms", [-(10**18), 10**18])
def test_they_are_beyond_all_dates(
    report: Callable[[RunDetails], str | bytes], when: datetime, duration_ms: int
) -> None:
    assert report(started(when, duration_ms))


@pytest.mark.parametrize("report", [run_html, job_summary])
def test_they_are_of_another_zone(report: Callable[[RunDetails], str]) -> None:
    shown = report(started(NOON.astimezone(WEST)))
    assert f"{NOON:%Y-%m-%d %H:%M:%S} UTC" in shown


def test_a_heat_map_of_another_zone() -> None:
    heat_map = HeatMap.of([started(NOON.astimezone(WEST))], span="runs")
    assert "12:00" in heat_map_html(heat_map)
