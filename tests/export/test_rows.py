"""Rows against an oracle that knows neither models nor Arrow, and what no row may do."""

import json
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import ConnectError, CurrentsError, NotFoundError
from currents_async._downloads.artifacts import artifacts_to_save
from currents_async._wire.asset_url import AssetUrl, read_asset_url
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.export._missing import missing_by
from currents_async.export._tables import SCHEMAS
from currents_async.export._tables.rows import RowBuilder
from currents_async.export._tables.table import CellRows, ModelRows, Rows
from currents_async.models import Instance, InstanceReport, InstanceTest, Run, RunSpec
from currents_async.testing import World
from tests.export import oracle
from tests.export.documents import BARE_URLS, SECRET, decoded, of_model
from tests.support import RUN

ModelT = TypeVar("ModelT", Run, Instance)
SAMPLES = Path(__file__).parent.parent / "samples"
DAY = date(2026, 3, 1)
AT = datetime(2026, 1, 6, tzinfo=UTC)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def builder() -> RowBuilder:
    return RowBuilder("p", DAY, exported_at=AT)


def taken(rows: RowBuilder) -> oracle.Tables:
    """The rows as dicts, without the columns that are the same for all."""
    tables: oracle.Tables = {}
    for name, batch in rows.take():
        batch.validate(full=True)
        assert batch.schema.equals(SCHEMAS[name], check_metadata=True)
        for field, column in zip(batch.schema, batch.columns, strict=True):
            assert field.nullable or column.null_count == 0
        tables[name] = batch.to_pylist()
        for row in tables[name]:
            common = [row.pop(name) for name in ("project_id", "day", "exported_at")]
            assert common == ["p", DAY, AT]
    return tables


def rows_of_run(run: Run) -> oracle.Tables:
    rows = builder()
    rows.add_run(run)
    rows.add_specs(run.run_id, run.specs)
    return taken(rows)


def rows_of_instance(instance: Instance, run_id: str = "r") -> oracle.Tables:
    rows = builder()
    rows.add_instance(run_id, instance)
    return taken(rows)


def run_with(**fields: object) -> Run:
    return decoded({**RUN, **fields}, Run)


def decode(data: object, returns: type[ModelT]) -> ModelT:
    decoder = EnvelopeDecoder(returns)
    decoder.feed(json.dumps({"status": "OK", "data": data}).encode())
    return decoder.flush()[1]


class TestAgainstTheOracle:
    @given(of_model(Run))
    def test_any_run(self, document: dict[str, Any]) -> None:
        assert rows_of_run(decoded(document, Run)) == oracle.run_tables(document)

    @given(of_model(Instance))
    def test_any_instance(self, document: dict[str, Any]) -> None:
        tables = rows_of_instance(decoded(document, Instance))
        assert tables == oracle.instance_tables("r", document)
        assert SECRET not in str(tables.get("artifacts"))

    @pytest.mark.parametrize("name", ["run-cypress", "run-playwright"])
    def test_sampled_runs(self, name: str) -> None:
        data = json.loads((SAMPLES / f"{name}.json").read_text())["data"]
        assert rows_of_run(decode(data, Run)) == oracle.run_tables(data)

    @pytest.mark.parametrize("name", ["instance-cypress", "instance-playwright"])
    def test_sampled_instances(self, name: str) -> None:
        data = json.loads((SAMPLES / f"{name}.json").read_text())["data"]
        tables = rows_of_instance(decode(data, Instance))
        assert tables == oracle.instance_tables("r", data)
        assert set(tables) == {"tests", "attempts", "artifacts"}

    @pytest.mark.parametrize("framework", ["playwright", "cypress"])
    def test_a_world(self, framework: Literal["playwright", "cypress"]) -> None:
        world = World(seed=1).project().run(
            framework=framework, specs=20, unclaimed=2, completed=15, running=True, groups=2,
            failures=0.2, flaky=0.2, tags=["nightly"], pull_request=7,
        )  # fmt: skip
        expected = oracle.run_tables(world.payload)
        rows = builder()
        rows.add_run(decode(world.payload, Run))
        rows.add_specs(world.run_id, decode(world.payload, Run).specs)
        for index in range(15):
            data = world.instance(index)
            rows.add_instance(world.run_id, decode(data, Instance))
            for name, more in oracle.instance_tables(world.run_id, data).items():
                expected.setdefault(name, []).extend(more)
        tables = taken(rows)

        assert tables == expected
        assert len(tables["specs"]) == 20
        assert [spec["instance_id"] for spec in tables["specs"][-2:]] == [None, None]
        assert sum(test["is_flaky"] for test in tables["tests"]) == sum(
            spec.flaky for spec in world.specs
        )
        assert sum(test["state"] == "failed" for test in tables["tests"]) == sum(
            spec.failures for spec in world.specs
        )


def test_only_rows_of_the_tables_that_are_wanted() -> None:
    run = World(seed=1).project().run(specs=2, tests=2, failures=1)
    rows = RowBuilder("p", DAY, ["tests", "errors"], exported_at=AT)
    rows.add_run(msgspec.convert(run.payload, Run))
    rows.add_specs(run.run_id, msgspec.convert(run.payload, Run).specs)
    rows.add_instance(run.run_id, msgspec.convert(run.instance(0), Instance))
    rows.add_missing(missing_by(ValueError("no"), run_id=run.run_id, now=NOW))
    assert [rows.has_rows(count) for count in (1, 2, 3)] == [True, True, False]
    assert taken(rows).keys() == {"tests", "errors"}


class TestStrangeValues:
    def test_an_unknown_status(self) -> None:
        [row] = rows_of_run(run_with(status="EXPLODED", completionState="NEVER"))["runs"]
        assert (row["status"], row["completion_state"]) == ("EXPLODED", "NEVER")

    def test_fields_that_the_api_adds_change_nothing(self) -> None:
        assert rows_of_run(run_with(colour="red")) == rows_of_run(run_with())

    def test_lone_surrogates_are_replaced(self) -> None:
        test = InstanceTest(test_id="a\udc80b", title=("\ud83d\ude00", "x\ud83d"), tags=("y",))
        report = InstanceReport(tests=(test, InstanceTest(test_id="é\0😀")))
        first, second = rows_of_instance(Instance(instance_id="i", results=report))["tests"]
        assert (first["test_id"], first["title"]) == ("a\ufffdb", ["😀", "x\ufffd"])
        assert (second["test_id"], second["title"]) == ("é\0😀", [])

    def test_a_project_may_have_any_id(self) -> None:
        rows = RowBuilder("\ud800", DAY)
        rows.add_run(run_with())
        [(_, batch)] = rows.take()
        assert batch["project_id"].to_pylist() == ["\ufffd"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-01T10:00:00.123999Z", datetime(2026, 3, 1, 10, 0, 0, 123_000, UTC)),
            ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, 0, 0, 0, UTC)),
            ("2026-03-01T10:00:00+05:30", datetime(2026, 3, 1, 4, 30, 0, 0, UTC)),
            ("1969-12-31T23:59:59.999999Z", datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)),
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
            ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)),
            ("0001-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
        ],
    )
    def test_dates(self, text: str, expected: datetime | None) -> None:
        rows = builder()
        for value in (text, "2026-01-01T00:00:00Z", None):
            rows.add_run(run_with(createdAt=value))
        dates = [row["created_at"] for row in taken(rows)["runs"]]
        assert dates == [expected, datetime(2026, 1, 1, tzinfo=UTC), None]

    @pytest.mark.parametrize(
        ("number", "expected"),
        [(2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (2**63, None), (-(2**63) - 1, None)],
    )
    def test_durations(self, number: int, expected: int | None) -> None:
        rows = builder()
        rows.add_run(run_with(durationMs=number))
        rows.add_run(run_with(durationMs=5))
        assert [row["duration_ms"] for row in taken(rows)["runs"]] == [expected, 5]

    @pytest.mark.parametrize(
        ("number", "expected"),
        [(2**31 - 1, 2**31 - 1), (2**31, None), (10**400, None), (-1, -1)],
    )
    def test_counters(self, number: int, expected: int | None) -> None:
        [row] = rows_of_run(run_with(groups=[{"tests": {"passes": number}}]))["run_groups"]
        assert (row["passes"], row["failures"]) == (expected, 0)

    def test_tests_with_the_same_id_are_rows_of_their_own(self) -> None:
        report = InstanceReport(tests=(InstanceTest(test_id="t"), InstanceTest(test_id="t")))
        tests = rows_of_instance(Instance(instance_id="i", results=report))["tests"]
        assert [(test["test_id"], test["position"]) for test in tests] == [("t", 0), ("t", 1)]


class TestArtifacts:
    @pytest.mark.parametrize("framework", ["playwright", "cypress"])
    def test_they_are_those_that_can_be_downloaded(
        self, framework: Literal["playwright", "cypress"]
    ) -> None:
        run = World(seed=2).project().run(framework=framework, specs=5, failures=0.5)
        for index in range(5):
            instance = decode(run.instance(index), Instance)
            found = [
                (one.kind, one.number, one.test_id, one.test_attempt_index, one.url.shown)
                for one in artifacts_to_save(instance)
                if isinstance(one.url, AssetUrl)
            ]
            rows = rows_of_instance(instance).get("artifacts", [])
            columns = ("kind", "number", "test_id", "attempt", "url")
            assert [tuple(row[name] for name in columns) for row in rows] == found

    @pytest.mark.parametrize(("url", "expected"), list(BARE_URLS.items()))
    def test_urls_have_no_signature(self, url: str, expected: str | None) -> None:
        report = InstanceReport(video_url=url)
        [row] = rows_of_instance(Instance(instance_id="i", results=report))["artifacts"]
        assert row["url"] == expected

    @given(st.text(), st.text())
    def test_every_url_that_can_be_fetched_is_kept(self, host: str, path: str) -> None:
        url = f"https://{host}/{path}?{SECRET}"
        report = InstanceReport(video_url=url)
        [row] = rows_of_instance(Instance(instance_id="i", results=report))["artifacts"]
        assert SECRET not in (row["url"] or "")
        if isinstance(read_asset_url(url), AssetUrl):
            assert row["url"] == re.split("[?#]", url)[0]


class TestErrors:
    def test_of_an_instance(self) -> None:
        rows = builder()
        error = NotFoundError(
            "Instance not found", operation="getInstance", method="GET", url="u", status=404
        )
        rows.add_missing(missing_by(error, run_id="r", instance_id="i", spec="a.spec.ts", now=NOW))
        assert taken(rows)["errors"] == [
            {
                "run_id": "r",
                "instance_id": "i",
                "spec": "a.spec.ts",
                "reason": "failed",
                "error": "NotFoundError",
                "status": 404,
                "message": "getInstance (GET u): 404 Instance not found",
            }
        ]

    def test_of_a_run(self) -> None:
        rows = builder()
        error = ConnectError("no", operation="getRun", method="GET", url="u")
        rows.add_missing(missing_by(error, run_id="r", now=NOW))
        [row] = taken(rows)["errors"]
        assert (row["instance_id"], row["spec"], row["status"]) == ("", "", None)
        assert (row["error"], row["message"]) == ("ConnectError", "getRun (GET u): no")

    def test_messages_have_no_signatures_and_no_lone_surrogates(self) -> None:
        rows = builder()
        error = CurrentsError(f"https://host/a.png?{SECRET}&x=1 \udcff")
        rows.add_missing(missing_by(error, run_id="r", now=NOW))
        [row] = taken(rows)["errors"]
        assert row["message"] == "https://host/a.png?[signature] \ufffd"


KINDS = sorted(
    {one for base in (Rows, ModelRows, CellRows) for one in base.__subclasses__()}
    - {ModelRows, CellRows},
    key=lambda rows: rows.table.name,
)


def test_every_table_has_rows() -> None:
    assert {rows.table.name for rows in KINDS} == set(SCHEMAS)


@pytest.mark.parametrize("rows", KINDS, ids=lambda rows: rows.table.name)
def test_tables_have_a_column_for_each_value(rows: type[Rows]) -> None:
    assert set(rows()._values()) == set(rows.table.schema.names[3:-1])
    assert rows().batch("p", DAY, AT).num_rows == 0


class TestTaking:
    def test_it_starts_empty_again(self) -> None:
        rows = builder()
        rows.add_run(run_with(runId="a"))
        first = rows.take()
        rows.add_run(run_with(runId="b"))
        assert [batch["run_id"].to_pylist() for _, batch in first] == [["a"]]
        assert [batch["run_id"].to_pylist() for _, batch in rows.take()] == [["b"]]
        assert list(rows.take()) == []

    def test_tables_that_are_not_full_yet_may_wait(self) -> None:
        rows = builder()
        rows.add_run(run_with())
        rows.add_specs("r", [RunSpec(), RunSpec()])
        assert rows.has_rows(2)
        assert [name for name, _ in rows.take(at_least=2)] == ["specs"]
        assert rows.has_rows(1)
        assert not rows.has_rows(2)
        assert list(rows.take(at_least=2)) == []
        assert [name for name, _ in rows.take()] == ["runs"]

    def test_specs_may_come_in_parts(self) -> None:
        rows = builder()
        rows.add_specs("r", [RunSpec(spec="a"), RunSpec(spec="b")])
        rows.add_specs("r", [RunSpec(spec="c")], start=2)
        specs = taken(rows)["specs"]
        assert [(spec["position"], spec["spec"]) for spec in specs] == [
            (0, "a"),
            (1, "b"),
            (2, "c"),
        ]

    def test_a_run_that_waits_does_not_keep_its_specs(self) -> None:
        spec = RunSpec(spec="a")
        before = sys.getrefcount(spec)
        rows = builder()
        rows.add_run(msgspec.structs.replace(run_with(), specs=(spec,)))
        assert sys.getrefcount(spec) == before
        assert rows.has_rows(1)

    def test_missing_results_make_no_rows(self) -> None:
        assert rows_of_instance(Instance(instance_id="i")) == {}
        assert set(rows_of_run(run_with())) == {"runs"}

    def test_every_row_has_the_project_and_the_day(self) -> None:
        rows = builder()
        rows.add_run(run_with(groups=[{}], projectId="another", createdAt="2020-01-01T00:00:00Z"))
        for _, batch in rows.take():
            assert batch["project_id"].to_pylist() == ["p"]
            assert batch["day"].to_pylist() == [DAY]
