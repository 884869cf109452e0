from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from currents_async.analysis import HeatMap, HeatMapCell, HeatMapSpan, RunDetails
from currents_async.errors import InvalidArgumentError
from currents_async.models import Commit, Outcome, Run, RunMeta, RunSpec, TestResult
from currents_async.testing import World, WorldRun
from tests.analysis.made import FAILED, NOON, PASSED, PENDING, SKIPPED, a_test, an_instance
from tests.reports.made import details_of, odd_details

DAY = timedelta(days=1)
FLAKY = "flaky"


def a_run(number: int, *states: Any, at: datetime | None = NOON, spec: str = "a.ts") -> RunDetails:
    """Make a run with a test for each state; without one, the test did not run."""
    tests = [
        a_test(f"t{index}", PASSED, failures=["oh!"])
        if state == FLAKY
        else a_test(f"t{index}", state)
        for index, state in enumerate(states)
        if state is not None
    ]
    run_id = f"r{number}"
    instance = an_instance(spec, *tests, run_id=run_id)
    listed = RunSpec(spec=spec, group_id="chromium", instance_id=instance.instance_id)
    run = Run(run_id=run_id, project_id="p", created_at=at, specs=(listed,), meta=_ON_MAIN)
    return RunDetails.of(run, [instance])


_ON_MAIN = RunMeta(commit=Commit(branch="main"))


def shape(heat_map: HeatMap) -> dict[str, str]:
    """Return a letter for each cell, the oldest first, by the last title of the test."""
    return {row.title[-1]: "".join(map(letter, reversed(row.cells))) for row in heat_map.rows}


def letter(cell: HeatMapCell | None) -> str:
    if cell is None:
        return " "
    marks = {"F": cell.failed, "f": cell.flaky, "P": cell.passed, "-": cell.skipped}
    return next(mark for mark, number in marks.items() if number)


def test_worst_first() -> None:
    runs = [
        a_run(1, PASSED, FAILED, FLAKY, PASSED, None, at=NOON),
        a_run(2, FLAKY, PASSED, FLAKY, PENDING, FAILED, at=NOON + DAY),
        a_run(3, PASSED, None, FAILED, SKIPPED, None, at=NOON + 2 * DAY),
    ]
    heat_map = HeatMap.of(reversed(runs))
    # Of t0, t1 and t4, each unstable once, t4 ran once, t1 twice, and t0 three times.
    assert list(shape(heat_map).items()) == [
        ("t2", "ffF"),
        ("t4", " F "),
        ("t1", "FP "),
        ("t0", "PfP"),
    ]
    assert [column.run_id for column in heat_map.columns] == ["r3", "r2", "r1"]
    assert {column.branch for column in heat_map.columns} == {"main"}
    assert (heat_map.unstable, heat_map.tests, heat_map.earlier) == (4, 5, 0)
    total = heat_map.rows[0].total
    assert (total.failed, total.flaky, total.unstable, total.judged) == (1, 2, 3, 3)


def test_days_without_runs_are_columns() -> None:
    runs = [
        a_run(1, FAILED, at=NOON),
        a_run(2, FLAKY, at=NOON + timedelta(hours=1)),
        a_run(3, FLAKY, at=NOON + 3 * DAY),
    ]
    heat_map = HeatMap.of(runs, span="days")
    assert [column.day for column in heat_map.columns] == [date(2026, 1, 8 - n) for n in range(4)]
    assert shape(heat_map) == {"t0": "F  f"}
    first = heat_map.rows[0].cells[-1]
    assert first is not None
    assert (first.failed, first.flaky, first.judged) == (1, 1, 2)
    assert first.url == "https://app.currents.dev/instance/r1%20chromium%20a.ts/test/id%20of%20t0"


def test_only_the_newest_count() -> None:
    runs = [a_run(number, FAILED, PASSED, at=NOON + number * DAY) for number in (0, 2, 3)]
    by_runs = HeatMap.of(runs, max_columns=2)
    assert [column.run_id for column in by_runs.columns] == ["r3", "r2"]
    by_days = HeatMap.of(runs, span="days", max_columns=3)
    assert [column.day for column in by_days.columns] == [date(2026, 1, 8 - n) for n in range(3)]
    for heat_map in (by_runs, by_days):
        assert heat_map.earlier == 1
        assert heat_map.rows[0].total.failed == 2


def test_only_the_worst_are_rows() -> None:
    heat_map = HeatMap.of([a_run(1, FAILED, FLAKY, FAILED, PASSED)], max_tests=2)
    assert (len(heat_map.rows), heat_map.unstable, heat_map.tests) == (2, 3, 4)


def test_days_are_in_utc() -> None:
    late = datetime(2026, 1, 5, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    heat_map = HeatMap.of([a_run(1, FAILED, at=late)], span="days")
    assert heat_map.columns[0].day == date(2026, 1, 6)


@pytest.mark.parametrize("moment", [None, datetime.min.replace(tzinfo=timezone(DAY / 2))])
def test_runs_without_a_date_come_last(moment: datetime | None) -> None:
    runs = [a_run(1, FAILED), a_run(2, FLAKY, at=moment)]
    spans: tuple[HeatMapSpan, ...] = ("runs", "days")
    for span in spans:
        heat_map = HeatMap.of(runs, span=span)
        assert [column.day for column in heat_map.columns] == [date(2026, 1, 5), None]
        assert shape(heat_map) == {"t0": "fF"}


def test_a_span_of_centuries() -> None:
    runs = [a_run(1, FAILED, at=datetime(1, 1, 2, tzinfo=UTC)), a_run(2, FAILED)]
    heat_map = HeatMap.of(runs, span="days")
    assert (len(heat_map.columns), heat_map.earlier) == (30, 1)


def test_a_run_counts_once() -> None:
    assert HeatMap.of([a_run(1, FAILED)] * 2).rows[0].total.failed == 1


def test_projects_and_files_are_apart() -> None:
    one, other = a_run(1, FAILED), a_run(2, FAILED, spec="b.ts")
    elsewhere = msgspec.structs.replace(
        a_run(3, FAILED), run=msgspec.structs.replace(a_run(3).run, project_id="q")
    )
    assert len(HeatMap.of([one, other, elsewhere]).rows) == 3


def test_odd_runs() -> None:
    for details in odd_details():
        heat_map = HeatMap.of([details])
        assert len(heat_map.columns) == 1
        assert heat_map.unstable == len(heat_map.rows)
    assert HeatMap.of([]) == HeatMap(span="runs")


def a_result(number: int, status: Outcome | None, **fields: Any) -> TestResult:
    fields = {
        "created_at": NOON + number * DAY,
        "run_id": f"r{number}",
        "signature": "s",
        "title": ("t",),
        **fields,
    }
    return TestResult(status=status, instance_id=f"i{number}", test_id=f"id{number}", **fields)


def test_results_of_a_signature_are_one_row_whatever_its_title() -> None:
    results = [
        a_result(2, PASSED, flaky=True, title=("new",), commit=Commit(branch="main")),
        a_result(0, FAILED, title=("old",)),
        a_result(1, PASSED),
        a_result(1, PASSED, cursor="again"),
        a_result(3, None),
    ]
    heat_map = HeatMap.of_test_results(results)
    [row] = heat_map.rows
    assert [cell and letter(cell) for cell in row.cells] == [None, "f", "P", "F"]
    assert (row.title, row.signature, row.test_ids) == (("new",), "s", ("id0", "id1", "id2"))
    by_runs = HeatMap.of_test_results(results, span="runs")
    assert [column.branch for column in by_runs.columns] == [None, "main", None, None]
    assert by_runs.rows[0].cells == row.cells


def test_a_run_begins_with_its_first_result() -> None:
    results = [
        a_result(0, FAILED, run_id="r", created_at=NOON + hours, group_id=str(hours))
        for hours in (DAY, timedelta())
    ]
    heat_map = HeatMap.of_test_results(results)
    assert [column.day for column in heat_map.columns] == [NOON.date()]
    assert heat_map.rows[0].total.failed == 2


def test_a_failed_result_is_not_flaky_whatever_the_server_says() -> None:
    [row] = HeatMap.of_test_results([a_result(0, FAILED, flaky=True)]).rows
    assert (row.total.failed, row.total.flaky) == (1, 0)


@pytest.mark.parametrize("span", ["runs", "days"])
def test_a_world_as_its_payloads_have_it(span: Any) -> None:
    project = World(seed=3).project()
    runs = [
        project.run(
            specs=6,
            framework="cypress" if number % 2 else "playwright",
            failures=0.1,
            flaky=0.2,
            groups=2,
            created_at=NOON + timedelta(hours=7 * number),
        )
        for number in range(8)
    ]
    expected: dict[tuple[str, ...], Counter[tuple[str, str]]] = {}
    for run in runs:
        column = run.run_id if span == "runs" else run.created_at[:10]
        for spec, wire in outcomes(run):
            place = (spec, *wire["title"])
            expected.setdefault(place, Counter())[column, outcome_of(wire)] += 1
    heat_map = HeatMap.of(map(details_of, runs), span=span, max_tests=10_000)
    found = {
        (row.spec, *row.title): Counter({
            (column.run_id if span == "runs" else str(column.day), name): getattr(cell, name)
            for column, cell in zip(heat_map.columns, row.cells, strict=True)
            if cell is not None
            for name in ("failed", "flaky", "passed", "skipped")
            if getattr(cell, name)
        })
        for row in heat_map.rows
    }
    unstable = {
        place: counts
        for place, counts in expected.items()
        if any(name in {"failed", "flaky"} for _, name in counts)
    }
    assert len(unstable) > 10
    assert found == unstable
    assert (heat_map.unstable, heat_map.tests) == (len(unstable), len(expected))


def outcomes(run: WorldRun) -> Any:
    for number, _ in enumerate(run.specs):
        wire = run.instance(number)
        for test in wire["results"]["tests"]:
            yield wire["spec"], test


def outcome_of(test: dict[str, Any]) -> str:
    if test["state"] == "passed":
        failed = [attempt["state"] for attempt in test["attempts"]].count("failed")
        return "flaky" if failed else "passed"
    return "failed" if test["state"] == "failed" else "skipped"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"span": "weeks"}, "span must be one of runs, days, not 'weeks'"),
        ({"max_tests": 0}, "max_tests must be a positive integer"),
        ({"max_columns": 0}, "max_columns must be a positive integer"),
    ],
)
def test_arguments_are_checked(options: dict[str, Any], match: str) -> None:
    for make in (HeatMap.of, HeatMap.of_test_results):
        with pytest.raises(InvalidArgumentError, match=match):
            make([], **options)
