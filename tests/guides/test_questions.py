"""The queries of `docs/guides/questions.md`, over a real export, beside what Python counts."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest

from currents_async.cli import _export_demo as demo
from currents_async.cli._app import run as run_command
from currents_async.testing import World
from tests.documentation import block_with, fenced

Rows = list[tuple[Any, ...]]
WEEKS, FLAKIEST, SLOWEST, BRANCHES, RETRIES, MACHINES = fenced("sql")
DAYS = 8
"""Days of the demo, of 30: two weeks."""


@pytest.fixture(scope="module")
def world() -> World:
    return demo.make_history(days=DAYS)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("demo"))
        patch.setattr(demo, "DAYS", DAYS)
        assert run_command(["export", "--demo", "out/", "-o", "json"]) == 0
        yield Path("out").absolute()


@pytest.fixture(scope="module")
def ask(out: Path) -> Callable[[str], Rows]:
    """Ask both targets as `ask.py` does: they have the same rows."""
    connect = block_with("ask")["connect"]
    targets = [connect(str(out / name)) for name in ("currents.duckdb", "parquet")]

    def both(query: str) -> Rows:
        one: Rows
        one, other = (target.sql(query).fetchall() for target in targets)
        assert one == other
        return one

    return both


@pytest.fixture(scope="module")
def rows(out: Path) -> Callable[[str], list[dict[str, Any]]]:
    def of(table: str) -> list[dict[str, Any]]:
        with duckdb.connect(out / "currents.duckdb", read_only=True) as database:
            found: list[dict[str, Any]] = database.sql(f"FROM {table}").to_arrow_table().to_pylist()
            return found

    return of


def week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def test_flaky_tests_by_week(ask: Callable[[str], Rows], world: World) -> None:
    expected = defaultdict[date, int](int)
    for project in world.projects:
        for run in project.runs:
            week = week_of(date.fromisoformat(run.created_at[:10]))
            expected[week] += sum(spec.flaky for spec in run.specs)
    assert dict(ask(WEEKS)) == expected


def test_the_flakiest_tests(ask: Callable[[str], Rows], rows: Any) -> None:
    found = defaultdict[tuple[date, str, str], list[bool]](list)
    for row in rows("tests"):
        if row["state"] in {"passed", "failed"}:
            found[week_of(row["day"]), row["spec"], row["title"][-1]].append(row["is_flaky"])
    listed = ask(FLAKIEST)
    assert listed
    for week, spec, test, executions, rate in listed:
        results = found[week, spec, test]
        assert (len(results), rate) == (
            executions,
            pytest.approx(sum(results) / executions, abs=0.01),
        )
        assert sum(results) > 1


def test_the_slowest_spec_files(ask: Callable[[str], Rows], rows: Any) -> None:
    found = defaultdict[str, list[int]](list)
    for row in rows("specs"):
        found[row["spec"]].append(row["duration_ms"])
    medians = {spec: median(times) / 1000 for spec, times in found.items()}
    listed = ask(SLOWEST)
    assert {row[0]: row[2] for row in listed} == pytest.approx(
        {row[0]: medians[row[0]] for row in listed}, abs=0.06
    )
    assert listed[0][2] == pytest.approx(max(medians.values()), abs=0.06)


def test_failures_by_branch(ask: Callable[[str], Rows], world: World) -> None:
    failed = defaultdict[str | None, list[bool]](list)
    for project in world.projects:
        for run in project.runs:
            failed[run.branch].append(run.status == "FAILED")
    assert {branch: (runs, rate) for branch, runs, rate in ask(BRANCHES)} == {
        branch: (len(one), round(sum(one) / len(one), 2)) for branch, one in failed.items()
    }


def test_minutes_lost_to_retries(ask: Callable[[str], Rows], rows: Any) -> None:
    spec_of = {row["instance_id"]: row["spec"] for row in rows("specs")}
    lost = defaultdict[str, list[int]](list)
    for row in rows("attempts"):
        if row["attempt"] > 0:
            lost[spec_of[row["instance_id"]]].append(row["duration_ms"])
    for spec, retries, minutes in ask(RETRIES):
        assert retries == len(lost[spec])
        assert minutes == pytest.approx(sum(lost[spec]) / 60_000, abs=0.06)


def test_how_busy_machines_were(ask: Callable[[str], Rows], rows: Any) -> None:
    specs = defaultdict[str, list[dict[str, Any]]](list)
    for row in rows("specs"):
        specs[row["run_id"]].append(row)
    listed = ask(MACHINES)
    assert len(listed) == 10
    for run_id, _, machines, workers, _, utilisation in listed:
        ran = specs[run_id]
        starts: list[datetime] = [row["started_at"] for row in ran]
        span = max(row["ended_at"] for row in ran) - min(starts)
        lanes = {(row["machine_id"], row["parallel_index"]) for row in ran}
        assert (machines, workers) == (len({machine for machine, _ in lanes}), len(lanes))
        busy = sum(row["duration_ms"] for row in ran) / 1000
        assert utilisation == pytest.approx(busy / len(lanes) / span.total_seconds(), abs=0.01)
        assert 0 < utilisation <= 1
