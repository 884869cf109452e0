"""Heat maps and trends of exports, against what the payloads of the server come to."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, get_args
from zipfile import ZipFile

import duckdb
import msgspec
import pytest
from pyarrow import fs

from currents_async import Currents, ExportError, InvalidArgumentError
from currents_async.analysis import HeatMap, HeatMapRow, HeatMapSpan, TrendFigures
from currents_async.export import ExportFormat, _reading, export
from currents_async.export._write import target as targets
from currents_async.export._write.object_store import ObjectStore
from currents_async.export.reports import read_heat_map, read_trends
from currents_async.models import Effect, Matcher, when
from currents_async.reports import heat_map_html, trends_html
from currents_async.testing import FakeCurrents, World, WorldRun
from tests.export import landed
from tests.export.buckets import Bucket
from tests.export.landed import READERS
from tests.export.test_versions import NAMES, TARGETS
from tests.reports.made import details_of

FIRST = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
LAST_MS = DAY - timedelta(milliseconds=1)
FORMATS = ["ndjson.zst", *landed.FORMATS]
SPANS: tuple[HeatMapSpan, ...] = ("runs", "days")
ODD = "lake [a]*'% é"
"""The name of a target, with what means something to shells, SQL and globs."""


def make_world() -> World:
    """Make two projects with runs on several branches, at the edges of days, and days without."""
    world = World(seed=7)
    for framework in ("playwright", "cypress"):
        project = world.project()
        for number, moment in enumerate((
            FIRST,
            FIRST + LAST_MS,
            FIRST + DAY,
            FIRST + DAY + timedelta(hours=5),
            FIRST + 4 * DAY + timedelta(hours=1),
            FIRST + 4 * DAY + LAST_MS,
            FIRST + 5 * DAY,
        )):
            project.run(
                specs=4,
                framework=framework,
                failures=0.1,
                flaky=0.3,
                branch=("main", "it's a branch", "main", "a", "main", "b", "c")[number],
                created_at=moment,
                running=number == 3,
                completed=2 if number == 3 else None,
                timed_out=number == 5,
            )
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture
async def currents(world: World) -> AsyncIterator[Currents]:
    async with FakeCurrents(world) as server, _client(server) as currents:
        yield currents


def _client(server: FakeCurrents) -> Currents:
    return Currents(server.api_key, base_url=server.url)


async def exported(currents: Currents, world: World, target: Path | str, **options: Any) -> None:
    projects = [project.project_id for project in world.projects]
    until = FIRST + 30 * DAY
    await export(currents, target, projects=projects, since=FIRST, until=until, **options)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[ExportFormat, Path]:
    """Return where the world is exported to, by format, as soon as it has been."""
    root = tmp_path_factory.mktemp(ODD)
    return {one: root / one for one in get_args(ExportFormat)}


async def exported_once(
    currents: Currents, world: World, lakes: dict[ExportFormat, Path], export_format: ExportFormat
) -> Path:
    target = lakes[export_format]
    if not target.exists():
        await exported(currents, world, target, format=export_format)
    return target


class Figures:
    """The figures of some runs, out of their payloads."""

    def __init__(self, runs: Iterable[WorldRun]) -> None:
        self.runs = list(runs)
        self.complete = [
            one for one in self.runs if one.payload["completionState"].upper() == "COMPLETE"
        ]
        self.tests = [test for run in self.runs for test in wires_of(run)]

    def all(self) -> TrendFigures:
        judged = [test for test in self.tests if test["state"] in {"passed", "failed"}]
        passed = [test for test in judged if test["state"] == "passed"]
        earlier = [attempt for test in self.tests for attempt in test["attempts"][:-1]]
        lasted = [run.payload["durationMs"] for run in self.complete]
        return TrendFigures(
            runs=len(self.runs),
            complete=len(self.complete),
            passed=sum(run.payload["status"].upper() == "PASSED" for run in self.complete),
            duration_ms=median(lasted) if lasted else None,
            judged_tests=len(judged),
            passed_tests=len(passed),
            flaky_tests=sum(
                any(attempt["state"] == "failed" for attempt in test["attempts"]) for test in passed
            ),
            retries=len(earlier),
            retries_ms=sum(attempt["wallClockDuration"] for attempt in earlier),
        )


def wires_of(run: WorldRun) -> Iterable[dict[str, Any]]:
    for number, spec in enumerate(run.specs):
        if spec.instance_id is not None:
            yield from (run.instance(number).get("results") or {}).get("tests") or ()


def branch_of(run: WorldRun) -> str:
    return str(run.payload["meta"]["commit"]["branch"])


def day_of(run: WorldRun) -> date:
    return date.fromisoformat(run.created_at[:10])


def figures_of(runs: Iterable[WorldRun]) -> TrendFigures | None:
    runs = list(runs)
    return Figures(runs).all() if runs else None


@pytest.mark.parametrize("export_format", FORMATS)
async def test_trends_are_those_of_the_payloads(
    currents: Currents, world: World, lakes: dict[ExportFormat, Path], export_format: ExportFormat
) -> None:
    target = await exported_once(currents, world, lakes, export_format)
    trends = await read_trends(target, max_branches=2)
    runs = list(world.runs.values())
    days = tuple(FIRST.date() + number * DAY for number in range(6))
    assert trends.days == days
    # Of the branches with two runs each, the first by name.
    assert [one.branch for one in trends.branches] == ["main", "a"]
    assert trends.other_branches == 3
    assert trends.other is not None
    for trend, ours in (
        (trends.overall, runs),
        (trends.branches[0], [run for run in runs if branch_of(run) == "main"]),
        (trends.branches[1], [run for run in runs if branch_of(run) == "a"]),
        (trends.other, [run for run in runs if branch_of(run) not in {"main", "a"}]),
    ):
        assert trend.total == figures_of(ours)
        assert trend.days == tuple(
            figures_of(run for run in ours if day_of(run) == day) for day in days
        )
    total = trends.overall.total
    assert None in trends.overall.days
    assert total.complete < total.runs
    assert (total.flaky_tests or 0) > 10
    assert (total.retries_ms or 0) > 0
    assert trends.missing_tables == ()


async def test_trends_are_those_of_the_dashboard(
    currents: Currents, world: World, lakes: dict[ExportFormat, Path]
) -> None:
    """Insights are what the dashboard of the service shows of a project, day by day."""
    target = await exported_once(currents, world, lakes, "parquet")
    for project in world.projects:
        project_id = project.project_id
        trends = await read_trends(target, projects=[project_id])
        insights = await currents.projects.insights(
            project_id, date_start=FIRST, date_end=FIRST + 6 * DAY, resolution="1d"
        )
        by_day = {
            date.fromisoformat(moment[:10]): one for moment, one in insights.results.by_date.items()
        }
        figures = dict(zip(trends.days, trends.overall.days, strict=True))
        assert {day for day, one in by_day.items() if one.runs.total} == {
            *filter(figures.get, figures)
        }
        for ours, theirs in (
            (trends.overall.total, insights.results.overall),
            *((one, by_day[day]) for day, one in figures.items() if one is not None),
        ):
            assert (ours.runs, ours.complete) == (theirs.runs.total, theirs.runs.completed)
            assert (ours.run_pass_rate or 0) == theirs.runs.avg_success_rate
            assert ours.judged_tests == theirs.tests.passed + theirs.tests.failed
            assert (ours.passed_tests, ours.flaky_tests) == (
                theirs.tests.passed,
                theirs.tests.flaky,
            )


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("export_format", FORMATS)
async def test_heat_maps_are_those_of_the_runs(
    currents: Currents,
    world: World,
    lakes: dict[ExportFormat, Path],
    export_format: ExportFormat,
    span: HeatMapSpan,
) -> None:
    target = await exported_once(currents, world, lakes, export_format)
    found = await read_heat_map(target, span=span, max_tests=30)
    expected = HeatMap.of(map(details_of, world.runs.values()), span=span, max_tests=30)
    assert len(expected.rows) == 30
    assert found.columns == expected.columns
    assert [comparable(row) for row in found.rows] == [comparable(row) for row in expected.rows]
    assert (found.unstable, found.tests) == (expected.unstable, expected.tests)
    urls = {cell.url for row in found.rows for cell in row.cells if cell}
    assert urls <= {test.url for run in world.runs.values() for test in models_of(run)}
    newest = await read_heat_map(target, span=span, max_columns=2)
    expected = HeatMap.of(map(details_of, world.runs.values()), span=span, max_columns=2)
    assert (newest.columns, newest.earlier) == (expected.columns, expected.earlier)


def comparable(row: HeatMapRow) -> HeatMapRow:
    """Leave out which of the worst executions a cell links to, and the order of IDs."""
    cells = tuple(cell and msgspec.structs.replace(cell, url=None) for cell in row.cells)
    return msgspec.structs.replace(row, cells=cells, test_ids=tuple(sorted(row.test_ids)))


def models_of(run: WorldRun) -> Iterable[Any]:
    return [test for instance in details_of(run).instances for test in instance.tests]


async def test_quarantined_tests_are_marked(
    currents: Currents, world: World, lakes: dict[ExportFormat, Path]
) -> None:
    target = await exported_once(currents, world, lakes, "parquet")
    project_id = world.projects[0].project_id
    heat_map = await read_heat_map(target, projects=[project_id])
    chosen = heat_map.rows[::3]
    matcher = Matcher.all(when.test_id.in_([row.test_ids[0] for row in chosen]))
    await currents.actions.create(
        name="flaky", action=[Effect.quarantine()], matcher=matcher, project_id=project_id
    )
    affected = [
        test
        async for test in currents.actions.affected_tests(
            project_id,
            date_start=FIRST,
            date_end=FIRST + 6 * DAY,
            action_type=["quarantine"],
            status=["active"],
        )
    ]
    assert len(affected) == len(chosen)
    by_id = [row.test_ids[0] for row in chosen]
    for quarantined in (affected, by_id):
        text = heat_map_html(heat_map, quarantined=quarantined)
        assert text.count("⊘ quarantined") == len(chosen)


@pytest.mark.parametrize("export_format", ["parquet", "duckdb"])
async def test_only_a_part_is_read(
    currents: Currents, world: World, lakes: dict[ExportFormat, Path], export_format: ExportFormat
) -> None:
    target = await exported_once(currents, world, lakes, export_format)
    ours = world.projects[1]
    part: dict[str, Any] = {
        "since": FIRST + LAST_MS,
        "until": FIRST + 5 * DAY,
        "projects": [ours.project_id],
    }
    runs = [run for run in ours.runs if day_of(run) < (FIRST + 5 * DAY).date()]
    trends = await read_trends(target, **part)
    assert trends.overall.total == figures_of(runs)
    on_branch = await read_trends(target, **part, branches=["it's a branch"])
    [branch] = on_branch.branches
    assert (
        branch.total
        == on_branch.overall.total
        == figures_of(run for run in runs if branch_of(run) == "it's a branch")
    )
    assert on_branch.other is None
    newest = await read_trends(target, **part, max_days=2)
    assert (newest.days, newest.earlier_days) == (trends.days[-2:], 2)
    assert newest.overall.total == figures_of(run for run in runs if day_of(run) in newest.days)
    heat_map = await read_heat_map(target, **part, branches=["it's a branch", "a"])
    expected = HeatMap.of(
        (details_of(run) for run in runs if branch_of(run) in {"it's a branch", "a"}), span="days"
    )
    assert list(map(comparable, heat_map.rows)) == list(map(comparable, expected.rows))


@pytest.mark.parametrize("export_format", FORMATS)
async def test_an_export_without_runs(
    currents: Currents, world: World, tmp_path: Path, export_format: ExportFormat
) -> None:
    project = world.projects[0].project_id
    await export(
        currents,
        tmp_path / "lake",
        projects=[project],
        since=FIRST - 2 * DAY,
        until=FIRST - DAY,
        format=export_format,
    )
    trends = await read_trends(tmp_path / "lake")
    assert (trends.days, trends.branches, trends.overall.total.runs) == ((), (), 0)
    assert "There are no runs." in trends_html(trends)
    heat_map = await read_heat_map(tmp_path / "lake")
    assert heat_map == HeatMap()
    assert "There are no runs." in heat_map_html(heat_map)


@pytest.mark.parametrize("export_format", ["parquet", "duckdb"])
async def test_exports_of_some_tables(
    currents: Currents, world: World, tmp_path: Path, export_format: ExportFormat
) -> None:
    only_runs, only_tests = tmp_path / "runs", tmp_path / "tests"
    await exported(currents, world, only_runs, format=export_format, tables=["runs"])
    await exported(currents, world, only_tests, format=export_format, tables=["tests"])
    trends = await read_trends(only_runs)
    assert trends.missing_tables == ("tests", "attempts")
    total = Figures(world.runs.values()).all()
    assert trends.overall.total == TrendFigures(
        runs=total.runs,
        complete=total.complete,
        passed=total.passed,
        duration_ms=total.duration_ms,
    )
    assert "The export has no table attempts" in trends_html(trends)
    heat_map = await read_heat_map(only_tests)
    expected = HeatMap.of(map(details_of, world.runs.values()), span="days")
    assert list(map(comparable, heat_map.rows)) == list(map(comparable, expected.rows))
    lacking = "this export has no table {}: make one of that table, too, in another target"
    for read in (read_trends(only_tests), read_heat_map(only_tests, span="runs")):
        with pytest.raises(ExportError, match=lacking.format("runs")):
            await read
    with pytest.raises(ExportError, match=lacking.format("tests")):
        await read_heat_map(only_runs)
    with pytest.raises(ExportError, match=lacking.format("runs")):
        await read_heat_map(only_tests, branches=["main"])


_TABLES = ("tests", "attempts")


async def test_exports_of_the_first_version(tmp_path: Path) -> None:
    with ZipFile(TARGETS) as archive:
        archive.extractall(tmp_path)
    with pytest.raises(ExportError, match="export into another target"):
        await read_trends(tmp_path / "parquet")
    target = tmp_path / NAMES["duckdb"]
    trends = await read_trends(target)
    assert trends.days == (FIRST.date(),)
    found = READERS["duckdb"](target)
    tests, attempts = ([row for rows in found[name].values() for row in rows] for name in _TABLES)
    total = trends.overall.total
    assert (total.runs, total.judged_tests) == (1, 4)
    assert total.retries == len(attempts) - len(tests) == 2
    last = {(row["instance_id"], row["position"]): row["attempts"] - 1 for row in tests}
    assert total.retries_ms == sum(
        row["duration_ms"]
        for row in attempts
        if row["attempt"] < last[row["instance_id"], row["test_position"]]
    )
    heat_map = await read_heat_map(target, span="runs")
    assert (len(heat_map.columns), heat_map.tests) == (1, 4)


async def test_only_failed_spec_files(currents: Currents, world: World, tmp_path: Path) -> None:
    for export_format, name in (("parquet", "lake"), ("duckdb", "one.duckdb")):
        await exported(currents, world, tmp_path / name, format=export_format, only_failed=True)
        trends = await read_trends(tmp_path / name)
        assert trends.only_failed
        assert "only the tests of failed spec files" in trends_html(trends)


async def test_an_object_store(
    currents: Currents, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bucket = fs.PyFileSystem(Bucket())
    for module in (targets, _reading):
        monkeypatch.setattr(module, "store_at", lambda _: ObjectStore(bucket, "bucket/lake"))
    await exported(currents, world, "s3://bucket/lake")
    trends = await read_trends("s3://bucket/lake")
    assert trends.overall.total == figures_of(world.runs.values())


async def test_a_journal_that_is_being_written_stays_as_it_is(
    currents: Currents, world: World, tmp_path: Path
) -> None:
    await exported(currents, world, tmp_path)
    journal = tmp_path / "_currents" / "journal.ndjson"
    torn = journal.read_bytes() + b'{"project_id":"abc'
    journal.write_bytes(torn)
    before = changed(tmp_path)
    assert (await read_trends(tmp_path)).overall.total.runs == len(world.runs)
    assert journal.read_bytes() == torn
    assert changed(tmp_path) == before


def changed(target: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in target.rglob("*")}


def a_text(path: Path) -> Path:
    path.write_text("not an export")
    return path


def a_database(path: Path) -> Path:
    duckdb.connect(path).close()
    return path


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda path: path, r"there is no export at .+: it has no _currents/journal.ndjson"),
        (a_text, "the target cannot be read: "),
        (a_database, "this export has no table runs: "),
    ],
)
async def test_what_is_no_export(tmp_path: Path, make: Callable[[Path], Path], match: str) -> None:
    with pytest.raises(ExportError, match=match):
        await read_trends(make(tmp_path / "there"))
    assert not (tmp_path / "there" / "_currents").exists()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"target": " "}, "target must not be empty"),
        ({"target": "http://example.com"}, "target cannot be read: pyarrow does not support"),
        ({"since": datetime(2026, 1, 5)}, "since must have a time zone"),  # noqa: DTZ001
        ({"since": FIRST, "until": FIRST}, "until must be after since"),
        ({"projects": ["a/b"]}, r"projects\[0\] must be one path segment"),
        ({"branches": "main"}, "branches must be a sequence of str"),
        ({"max_days": 0}, "max_days must be a positive integer"),
        ({"max_branches": 0}, "max_branches must be a positive integer"),
    ],
)
async def test_arguments_are_checked(options: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidArgumentError, match=match):
        await read_trends(options.pop("target", "lake"), **options)


async def test_spans_are_checked() -> None:
    with pytest.raises(InvalidArgumentError, match="span must be one of runs, days"):
        await read_heat_map("lake", span="weeks")  # type: ignore[arg-type]
