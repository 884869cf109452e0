"""Tables of Arrow, taken by the libraries that they are for."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from currents_async import Currents, InvalidArgumentError, MissingExtraError, analysis, models
from currents_async.analysis import ExecutedTest, Failure, FlakyTest, HeatMap, RunDiff, history_of
from currents_async.arrow import Tabular, to_arrow
from currents_async.export import SCHEMAS
from currents_async.models import Model, Outcome, Run, Share, TestResult
from currents_async.models._model import SecretModel
from currents_async.testing import FakeCurrents, WorldProject, WorldRun

MOMENT = datetime(2026, 1, 5, 9, 0, 0, 123_000, tzinfo=UTC)
EVERY_MODEL = [
    model
    for room in (models, analysis)
    for name in room.__all__
    if isinstance(model := getattr(room, name), type) and issubclass(model, Model)
]


class Odd(Model, frozen=True, gc=False, kw_only=True):
    """What columns hardly hold."""

    whole: int = 0
    text: str = ""
    moment: datetime | None = None
    either: int | str | None = None
    plain: dict[str, Any] | None = None
    inner: "Odd | None" = None
    several: tuple[tuple[float, ...] | None, ...] | None = None


class Hidden(SecretModel, frozen=True, gc=False, kw_only=True):
    """A model in which a secret is among other fields."""

    _secrets = ("key",)
    name: str = ""
    key: str = ""


class Holder(Model, frozen=True, gc=False, kw_only=True):
    """A model with models that have secrets."""

    one: Hidden
    several: tuple[Hidden, ...]


@pytest.fixture
def runs(project: WorldProject) -> list[WorldRun]:
    return [project.run(specs=6, tests=4, failures=2, flaky=2) for _ in range(3)]


@pytest.fixture
async def diff(currents: Currents, runs: list[WorldRun]) -> RunDiff:
    return await currents.runs.diff(runs[0].run_id, runs[1].run_id)


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_every_model_has_columns_which_need_no_rows(model: type[Model]) -> None:
    names = to_arrow([], model).column_names
    assert names or model is Model
    assert len(names) == len({*names})
    assert not {*getattr(model, "_secrets", ())}.intersection(names)


class TestValues:
    def test_those_of_models_in_models_are_named_by_their_path(self) -> None:
        run = models.Run(
            run_id="r",
            status=models.RunStatus("FAILED"),
            created_at=MOMENT,
            tags=("a", "b"),
            meta=models.RunMeta(commit=models.Commit(branch="main")),
        )
        table = to_arrow([run, Run(run_id="s")], Run)
        assert table.column_names[:2] == ["run_id", "project_id"]
        assert table.select(["run_id", "status", "created_at", "tags", "meta.commit.branch"]) == (
            pa.table(
                [
                    pa.array(["r", "s"]),
                    pa.array(["FAILED", Run(run_id="s").status]),
                    pa.array([MOMENT, None], pa.timestamp("ms", "UTC")),
                    pa.array([["a", "b"], []], pa.list_(pa.field("element", pa.string()))),
                    pa.array(["main", None]),
                ],
                ["run_id", "status", "created_at", "tags", "meta.commit.branch"],
            )
        )

    def test_the_types_are_those_of_an_export(self) -> None:
        exported: Any = SCHEMAS["runs"]
        schema = to_arrow([], Run).schema
        shared = {*schema.names} & {*exported.names}
        assert {"status", "created_at", "duration_ms", "tags", "environments"} >= shared - {
            *("run_id", "project_id", "completion_state", "deleted_at", "previous_run_id")
        }
        assert all(schema.field(name).type == exported.field(name).type for name in shared)

    def test_what_a_column_cannot_hold_is_null_or_json(self) -> None:
        odd = Odd(
            whole=1 << 63,
            text="half \ud83d",
            moment=datetime(2026, 1, 5, 9),  # noqa: DTZ001 - as a user may make one
            either=1,
            plain={"a": ["\ud83d", None]},
            inner=Odd(either="a"),
            several=((1.5, 2), None, ()),
        )
        [row] = to_arrow([odd], Odd).to_pylist()
        inner = json.loads(row.pop("inner"))
        assert inner["either"] == "a"
        assert json.loads(row.pop("plain"))["a"][1] is None
        assert row == {
            "whole": None,
            "text": "half \ufffd",
            "moment": datetime(2026, 1, 5, 9, tzinfo=UTC),
            "either": "1",
            "several": [[1.5, 2.0], None, []],
        }
        assert set(to_arrow([Odd()], Odd).to_pylist()[0].values()) == {0, "", None}

    def test_secrets_and_signatures_are_left_out(self) -> None:
        hidden = Hidden(name="n", key="hush")
        table = to_arrow([Holder(one=hidden, several=(hidden,))], Holder)
        assert table.to_pylist() == [{"one.name": "n", "several": [{"name": "n"}]}]
        assert "url" not in to_arrow([], Share).column_names
        url = "https://s3.test/a.png?X-Amz-Signature=hush"
        shot = models.Screenshot(screenshot_url=url)
        odd = Odd(plain={"url": url})
        assert to_arrow([odd], Odd)["plain"].to_pylist() == [
            '{"url":"https://s3.test/a.png?[signature]"}'
        ]
        [row] = to_arrow([shot], models.Screenshot).to_pylist()
        assert row["screenshot_url"] == "https://s3.test/a.png?[signature]"

    async def test_those_of_failures(self, currents: Currents, runs: list[WorldRun]) -> None:
        failures = await currents.runs.failures(runs[0].run_id)
        rows = to_arrow(failures, Failure).to_pylist()
        assert len(rows) == len(failures) > 0
        for row, failure in zip(rows, failures, strict=True):
            assert row["test.title"] == [*failure.test.title]
            assert row["error.message"] == (failure.error and failure.error.message)
            assert [one["state"] for one in row["attempts"]] == [
                one.state for one in failure.attempts
            ]
            assert len(row["artifacts"]) == len(failure.artifacts) > 0
            assert "Signature=" not in str(row)


@pytest.mark.parametrize("rows", [[Run(run_id="r"), Odd()], Run(run_id="r"), 3], ids=str)
def test_rows_are_models_of_one_kind(rows: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^models(\[1\] must be a Run, not Odd)?"):
        to_arrow(rows, Run)


class TestObjects:
    async def test_a_list_of_the_api(
        self, currents: Currents, project: WorldProject, runs: list[WorldRun]
    ) -> None:
        table = await currents.runs.list(project.project_id, page_size=2).limit(3).to_arrow()
        assert table["run_id"].to_pylist() == [run.run_id for run in reversed(runs)]
        empty = await currents.runs.list(project.project_id, status=["PASSED"]).to_arrow()
        assert (empty.num_rows, empty.schema) == (0, table.schema)
        span = {"date_start": MOMENT, "date_end": datetime(2026, 3, 1, tzinfo=UTC)}
        errors = await currents.errors.list(project.project_id, **span).to_arrow()  # type: ignore[arg-type]
        assert "details.tests.count" in errors.column_names

    def test_a_diff_has_a_row_for_each_category_of_a_test(self, diff: RunDiff) -> None:
        rows = diff.to_arrow().to_pylist()
        counted = {name: count for name, count in diff.counts.items() if count and name != "others"}
        found = [row["category"] for row in rows]
        assert {name: found.count(name) for name in found} == counted
        row = next(row for row in rows if row["category"] == "new_failures")
        assert row["title"] == [*diff.new_failures[0].test.title]
        assert row["after.state"] == "failed"

    def test_ambiguous_tests_have_a_row_each(self) -> None:
        one, other = (ExecutedTest(title=(name,)) for name in "ab")
        unclear = analysis.AmbiguousTests(before=(one,), after=(one, other))
        diff = RunDiff(before_run_id="r", after_run_id="s", ambiguous=(unclear,))
        table = diff.to_arrow()
        assert table["category"].to_pylist() == ["ambiguous"] * 3
        assert table["before.title"].to_pylist() == [["a"], None, None]
        assert table["after.title"].to_pylist() == [None, ["a"], ["b"]]

    async def test_details_and_heat_maps(self, currents: Currents, runs: list[WorldRun]) -> None:
        details = [await currents.reports.details(run.run_id) for run in runs]
        tests = details[0].to_arrow()
        assert tests.num_rows == details[0].counts().tests
        assert tests["state"].to_pylist().count("failed") == len(details[0].failures())
        heat_map = HeatMap.of(details)
        cells = heat_map.to_arrow()
        worst = heat_map.rows[0]
        rows = [row for row in cells.to_pylist() if row["title"] == [*worst.title]]
        assert sum(row["cell.failed"] for row in rows) == worst.total.failed
        assert {row["column.run_id"] for row in rows} <= {run.run_id for run in runs}

    def test_a_history_has_a_row_for_each_result(self) -> None:
        results = [
            TestResult(title=("a",), status=Outcome.PASSED, created_at=MOMENT.replace(hour=hour))
            for hour in (9, 10)
        ]
        table = history_of(results).to_arrow()
        assert [one.hour for one in table["created_at"].to_pylist()] == [10, 9]
        assert table["status"].to_pylist() == ["passed"] * 2


class TestLibraries:
    """What is a table is taken as it is, without a call of ours."""

    def test_pandas(self, diff: RunDiff) -> None:
        frame: Any = pd.DataFrame.from_arrow(diff)
        assert frame.groupby("category").size()["new_failures"] == len(diff.new_failures)
        assert list(frame["title"][0]) == [*diff.new_failures[0].test.title]

    def test_polars(self, diff: RunDiff) -> None:
        frames: list[Any] = [pl.DataFrame(diff), pl.from_arrow(diff.to_arrow())]
        for frame in frames:
            found = frame.filter(pl.col("category") == "new_failures")
            assert found["title"].to_list() == [[*one.test.title] for one in diff.new_failures]

    def test_duckdb(self, diff: RunDiff) -> None:
        query = """SELECT title, "after.state" FROM diff WHERE category LIKE 'new_f%'"""
        with duckdb.connect() as database:
            found = database.execute(query).fetchall()
        assert found == [([*one.test.title], "failed") for one in diff.new_failures]

    async def test_structs_in_lists(self, currents: Currents, runs: list[WorldRun]) -> None:
        flaky = to_arrow(await currents.runs.flaky_tests(runs[0].run_id), FlakyTest)
        number = sum(flaky["test.attempts"].to_pylist())
        assert number > 0
        frame = pl.DataFrame(flaky).explode("attempts").unnest("attempts")
        assert frame["state"].to_list().count("passed") == flaky.num_rows
        with duckdb.connect() as database:
            states = database.execute("SELECT unnest(attempts).state FROM flaky").fetchall()
        assert len(states) == len(frame) == number
        attempts: Any = pd.DataFrame.from_arrow(flaky)["attempts"]
        attempts = attempts.explode()
        assert [(one["state"],) for one in attempts] == states


class TestWithoutPyarrow:
    async def test_an_error_names_the_extra_before_anything_is_fetched(
        self,
        currents: Currents,
        server: FakeCurrents,
        project: WorldProject,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        monkeypatch.delitem(sys.modules, "currents_async.arrow._of_models")
        with pytest.raises(MissingExtraError, match=r"'currents-async\[export\]'") as raised:
            await currents.runs.list(project.project_id).to_arrow()
        assert raised.value.name == "pyarrow"
        assert server.requests == []
        with pytest.raises(MissingExtraError):
            to_arrow([], Run)
        table: Tabular = history_of([])
        with pytest.raises(ModuleNotFoundError):
            pl.DataFrame(table)
