"""How answers are printed: forms, fields, and what must not reach a terminal."""

import csv
import io
import json
import sys
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from currents_async.cli._app import run
from currents_async.cli._output import parquet, tables
from currents_async.cli._output.fields import fields_of
from currents_async.cli._streams import one_line, printable, safe_json
from currents_async.models import Action, ListedRun, TestResult
from currents_async.models._model import Model
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.cli.stdio import CommandLine
from tests.support import RUN


class Kinds(Model, frozen=True, gc=False, kw_only=True):
    """A field of each kind that a column may have."""

    count: int | None = None
    rate: float | None = None
    flag: bool | None = None
    moment: datetime | None = None
    day: date | None = None
    texts: tuple[str, ...] | None = None


TRICKY = '=1+1,"x"\n\x1b[31mred\x1b]0;title\x07 \x9b2J \x1bc end'


@pytest.fixture
def runs(project: WorldProject, service: FakeCurrents) -> list[str]:
    """The IDs of three runs, the newest first."""
    return [project.run(specs=3, branch=f"b{number}").run_id for number in range(3)][::-1]


@pytest.fixture
def tricky(world: World, service: FakeCurrents) -> World:
    """A run whose branch is dangerous."""
    world.add_run_payload({**RUN, "meta": {"commit": {"branch": TRICKY}}, "specs": []})
    return world


def printed(cli: CommandLine, *arguments: str) -> str:
    out, err = cli(*arguments)
    assert err == ""
    return out


class TestForms:
    def test_ndjson_without_a_terminal(self, runs: list[str], cli: CommandLine) -> None:
        lines = printed(cli, "runs", "list").splitlines()
        assert [json.loads(line)["runId"] for line in lines] == runs

    def test_json(self, runs: list[str], cli: CommandLine) -> None:
        listed = json.loads(printed(cli, "runs", "list", "-o", "json", "--limit", "2"))
        assert [run["runId"] for run in listed] == runs[:2]
        assert json.loads(printed(cli, "actions", "list", "-o", "json")) == []
        one = printed(cli, "runs", "get", runs[0], "--output", "json")
        assert json.loads(one)["runId"] == runs[0]
        assert one.startswith('{\n  "runId"')

    def test_csv(self, runs: list[str], cli: CommandLine) -> None:
        rows = list(csv.DictReader(io.StringIO(printed(cli, "runs", "list", "-o", "csv"))))
        assert [row["runId"] for row in rows] == runs
        assert [row["meta.commit.branch"] for row in rows] == ["b2", "b1", "b0"]
        assert rows[0]["deletedAt"] == ""
        assert "meta" not in rows[0]
        assert json.loads(rows[0]["groups"])

    def test_csv_joins_texts_and_flattens_what_was_asked_for(
        self, project: WorldProject, service: FakeCurrents, cli: CommandLine
    ) -> None:
        run_id = project.run(tags=["nightly", "smoke"]).run_id
        out = printed(cli, "runs", "get", run_id, "-o", "csv", "--fields", "tags,meta.commit")
        [row] = csv.DictReader(io.StringIO(out))
        assert row["tags"] == "nightly, smoke"
        assert row["meta.commit.branch"]

    def test_csv_does_not_change_texts(self, tricky: World, cli: CommandLine) -> None:
        out = printed(cli, "runs", "get", "r", "-o", "csv", "--fields", "meta.commit.branch")
        assert list(csv.reader(io.StringIO(out, newline="")))[1] == [TRICKY]

    def test_table(self, runs: list[str], cli: CommandLine) -> None:
        out = printed(cli, "runs", "list", "-o", "table")
        assert [out.index(run_id) for run_id in runs] == sorted(map(out.index, runs))
        assert out.splitlines()[0].split() == [
            *("STATUS", "TITLE", "BRANCH", "AUTHOR", "PASSED", "FAILED", "FLAKY", "DURATION"),
            *("AGE", "ID"),
        ]
        assert "branch " in printed(cli, "runs", "get", runs[0], "-o", "table")

    def test_an_empty_list_says_so(self, service: FakeCurrents, cli: CommandLine) -> None:
        assert printed(cli, "projects", "list", "-o", "table") == "no projects\n"

    def test_fields_that_were_asked_for_are_shown_as_they_are(
        self, runs: list[str], cli: CommandLine
    ) -> None:
        fields = "runId,createdAt,durationMs"
        out = printed(cli, "runs", "list", "-o", "table", "--fields", fields)
        assert out.splitlines()[0].split() == ["RUNID", "CREATEDAT", "DURATIONMS"]
        assert "2026-01-05T09:00:00Z" in out

    def test_parquet(self, runs: list[str], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        fields = "run_id,createdAt,durationMs,meta.platform,tags,groups"
        assert run(["runs", "list", "-o", "parquet", "--fields", fields]) == 0
        table = pq.read_table(pa.BufferReader(capfdbinary.readouterr().out))
        assert dict(zip(table.schema.names, table.schema.types, strict=True)) == {
            "run_id": pa.string(),
            "createdAt": pa.timestamp("ms", tz="UTC"),
            "durationMs": pa.int64(),
            "meta.platform.osName": pa.string(),
            "meta.platform.osVersion": pa.string(),
            "meta.platform.browserName": pa.string(),
            "meta.platform.browserVersion": pa.string(),
            "tags": pa.list_(pa.field("element", pa.string())),
            "groups": pa.string(),
        }
        assert table["run_id"].to_pylist() == runs
        assert table["createdAt"][2].as_py() == datetime(2026, 1, 5, 9, tzinfo=UTC)
        assert table["meta.platform.osName"][0].as_py() == "linux"
        assert json.loads(table["groups"][0].as_py())[0]["groupId"] == "chromium"

    def test_parquet_of_one_item_is_a_file_of_one_row(
        self, runs: list[str], capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["runs", "get", runs[0], "-o", "parquet", "--fields", "runId"]) == 0
        table = pq.read_table(pa.BufferReader(capfdbinary.readouterr().out))
        assert table.to_pylist() == [{"runId": runs[0]}]

    def test_parquet_has_the_types_of_the_model_and_null_for_what_they_cannot_hold(
        self, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parquet, "_ROWS", 2)
        moment = datetime(2026, 1, 5, tzinfo=UTC)
        writer = parquet.ParquetWriter(fields_of(Kinds))
        for count in ((1 << 63) - 1, 1 << 63, -(1 << 63), -(1 << 63) - 1):
            kinds = Kinds(
                count=count,
                rate=0.5,
                flag=True,
                moment=moment,
                day=moment.date(),
                texts=("a",),
            )
            writer.add(kinds)
        writer.add(Kinds())
        writer.end()
        sys.stdout.flush()
        file = pq.ParquetFile(pa.BufferReader(capfdbinary.readouterr().out))
        rows = file.read().to_pylist()
        same = {"rate": 0.5, "flag": True, "moment": moment, "day": moment.date(), "texts": ["a"]}
        assert [row.pop("count") for row in rows] == [(1 << 63) - 1, None, -(1 << 63), None, None]
        assert rows == [*[same] * 4, dict.fromkeys(same)]
        assert file.num_row_groups == 3

    def test_a_long_list_has_one_heading(
        self, project: WorldProject, service: FakeCurrents, cli: CommandLine
    ) -> None:
        for _ in range(205):
            project.run(specs=1)
        out = printed(cli, "runs", "list", "-o", "table", "--fields", "runId")
        assert len(out.splitlines()) == 1 + 205


class TestTables:
    def test_explicit_colours_override_no_color(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert tables.console("always").is_terminal
        assert not tables.console("auto").is_terminal


class TestFields:
    def test_dotted_paths_in_both_spellings(self, runs: list[str], cli: CommandLine) -> None:
        fields = "run_id, runId, groups.platform.osName, groups.0.group_id, groups.9.groupId"
        [line] = printed(cli, "runs", "list", "--limit", "1", "--fields", fields).splitlines()
        assert json.loads(line) == {
            "run_id": runs[0],
            "runId": runs[0],
            "groups.platform.osName": ["linux"],
            "groups.0.group_id": "chromium",
            "groups.9.groupId": None,
        }

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ("nope", "an item has no field 'nope'; it has runId, projectId, "),
            ("runid", "--fields: an item has no field 'runid' (did you mean runId?); it has "),
            ("meta.nope", "meta has no field 'nope'; it has ciBuildId, title, pr, commit, "),
            ("groups.platform.nope", "groups.platform has no field 'nope'; it has osName, "),
            ("runId.nope", "runId has no field 'nope'; it has no fields"),
            ("runId,", "names separated by commas"),
        ],
    )
    def test_an_unknown_field_lists_the_known_ones(
        self, runs: list[str], service: FakeCurrents, cli: CommandLine, fields: str, message: str
    ) -> None:
        out, err = cli("runs", "list", "--fields", fields, code=2)
        assert out == ""
        assert message in err
        assert service.requests == []

    def test_unknown_fields_are_under_extra(self) -> None:
        [field] = fields_of(Action, "extra.newThing.deep")
        item = {"actionId": "a", "newThing": {"deep": 1}}
        assert field.find(item) == 1
        [field] = fields_of(Action, "extra")
        assert field.find(item) == {"newThing": {"deep": 1}}

    def test_unions_have_the_fields_of_their_objects(self) -> None:
        [field] = fields_of(TestResult, "framework.version")
        assert field.find({"framework": {"version": "1"}}) == "1"
        assert field.find({"framework": "cypress"}) is None

    def test_nested_columns_of_a_table_exist(self) -> None:
        # Each command makes its printer before it asks the service for anything.
        assert [field.path for field in fields_of(ListedRun, "meta.commit.branch")] == [
            ("meta", "commit", "branch")
        ]


class TestTerminals:
    @pytest.mark.parametrize("form", ["table", "json", "ndjson"])
    def test_control_characters_are_not_printed(
        self, tricky: World, cli: CommandLine, form: str
    ) -> None:
        fields = "meta.commit.branch"
        out = printed(cli, "runs", "get", "r", "-o", form, "--fields", fields)
        assert not [one for one in out if not one.isprintable() and one != "\n"]
        if form != "table":
            assert json.loads(out) == {"meta.commit.branch": TRICKY}

    def test_csv_on_a_terminal(
        self, tricky: World, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        out = printed(cli, "runs", "get", "r", "-o", "csv", "--fields", "meta.commit.branch")
        assert "\x1b" not in out
        assert "\x9b" not in out

    def test_a_table_by_default(
        self, runs: list[str], cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", "80")
        out = printed(cli, "runs", "list")
        shown = [Text.from_ansi(line).plain for line in out.splitlines()]
        assert shown[0].startswith("STATUS")
        assert all(run_id in line for run_id, line in zip(runs, shown[1:], strict=True))
        assert max(map(len, shown)) <= 80

    def test_parquet_is_for_files(
        self, service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        assert "redirect it" in cli("projects", "list", "-o", "parquet", code=2).err

    def test_server_messages_have_no_control_characters(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        body = json.dumps({"status": "FAILED", "error": TRICKY}).encode()
        service.fail("listProjects", status=404, body=body)
        err = cli("projects", "list", code=3).err
        assert err.rstrip("\n").isprintable()
        assert "red" in err

    @pytest.mark.parametrize(
        ("options", "environment", "colored"),
        [
            ([], {}, False),
            (["--color", "always"], {}, True),
            (["--color", "never"], {"FORCE_COLOR": "1"}, False),
            ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ],
    )
    def test_color(
        self,
        runs: list[str],
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
        options: list[str],
        environment: dict[str, str],
        colored: bool,  # noqa: FBT001 - expected
    ) -> None:
        monkeypatch.setenv("TERM", "xterm")
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        out = printed(cli, "runs", "get", runs[0], "-o", "table", *options)
        assert ("\x1b[" in out) is colored


@given(st.text())
def test_printable_text_has_no_control_characters(text: str) -> None:
    assert printable(text).isprintable()
    assert one_line(text).isprintable()


@given(st.text())
def test_safe_json_is_the_same_json(text: str) -> None:
    safe = safe_json(json.dumps(text, ensure_ascii=False).encode(errors="surrogatepass"))
    assert json.loads(safe) == text
    assert not {chr(code) for code in range(0x7F, 0xA0)} & set(safe)
