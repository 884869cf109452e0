"""The queries of `docs/guides/questions.md`, over a real export, beside what Python counts."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
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
WEEKS, FLAKIEST, SLOWEST, BRANCHES, RETRIES, MACHINES, OWNERS = fenced("sql")
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
    ask = block_with("ask")["ask"]
    targets = [str(out / name) for name in ("currents.duckdb", "parquet")]

    def both(query: str) -> Rows:
        one: Rows
        one, other = (ask(target, query).fetchall() for target in targets)
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
            title = " > ".join(row["title"])
            found[week_of(row["day"]), row["spec"], title].append(row["is_flaky"])
    listed = ask(FLAKIEST)
    assert 2 < len(listed) <= 3 * 3 * 2
    for week, spec, test, executions, flaky, rate in listed:
        results = found[week, spec, test]
        assert (len(results), sum(results)) == (executions, flaky)
        assert rate == pytest.approx(flaky / executions)


def test_the_slowest_spec_files(ask: Callable[[str], Rows], rows: Any) -> None:
    found = defaultdict[str, list[int]](list)
    for row in rows("specs"):
        found[row["spec"]].append(row["duration_ms"])
    medians = {spec: median(times) / 1000 for spec, times in found.items()}
    listed = ask(SLOWEST)
    assert {row[0]: row[2] for row in listed} == pytest.approx({
        row[0]: medians[row[0]] for row in listed
    })
    assert listed[0][2] == pytest.approx(max(medians.values()))


def test_failures_by_branch(ask: Callable[[str], Rows], world: World) -> None:
    found = defaultdict[tuple[str, str | None], list[bool]](list)
    for project in world.projects:
        for run in project.runs:
            found[project.project_id, run.branch].append(run.status == "FAILED")
    assert {row[:2]: row[2:4] for row in ask(BRANCHES)} == {
        branch: (len(one), sum(one)) for branch, one in found.items()
    }


def test_minutes_lost_to_retries(ask: Callable[[str], Rows], rows: Any) -> None:
    spec_of = {row["instance_id"]: row["spec"] for row in rows("specs")}
    lost = defaultdict[str, list[int]](list)
    for row in rows("attempts"):
        if row["attempt"] > 0:
            lost[spec_of[row["instance_id"]]].append(row["duration_ms"])
    for spec, retries, minutes in ask(RETRIES):
        assert retries == len(lost[spec])
        assert minutes == pytest.approx(sum(lost[spec]) / 60_000)


def test_how_busy_machines_were(ask: Callable[[str], Rows], rows: Any) -> None:
    machine_of = {row["instance_id"]: row["machine_id"] for row in rows("specs")}
    lanes = defaultdict[str, set[tuple[str, int | None]]](set)
    for row in rows("attempts"):
        if row["duration_ms"]:
            lanes[row["run_id"]].add((machine_of[row["instance_id"]], row["parallel_index"]))
    listed = ask(MACHINES)
    assert len(listed) == 10
    for _, _, run_id, machines, workers, _, utilisation in listed:
        assert workers == len(lanes[run_id])
        assert machines == len({machine for machine, _ in lanes[run_id]})
        assert 0 < utilisation <= 1


def test_owners(ask: Callable[[str], Rows], rows: Any) -> None:
    judged = [row for row in rows("tests") if row["state"] in {"passed", "failed"}]
    listed = ask(OWNERS)
    assert {row[1] for row in listed} == {None}
    assert sum(row[3] for row in listed) == len(judged)
