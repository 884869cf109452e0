"""The commands that write files, and requests that no command is for."""

import io
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from currents_async import RequestAttempt, RequestCall
from currents_async.cli import _exit
from currents_async.cli._app import run
from currents_async.cli._execute import execute
from currents_async.cli._export_demo import export_demo, make_history
from currents_async.cli._export_options import ExportOptions
from currents_async.cli._options import OUTPUT
from currents_async.cli._progress import Throttles
from currents_async.errors import RateLimitedError
from currents_async.testing import FakeCurrents, WorldProject, WorldRun

SPAN = ("--since", "2026-01-05", "--until", "2026-01-06")


def answered(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def cursors(*following: str) -> object:
    """A page whose items lead on."""
    items = [{"cursor": cursor} for cursor in following]
    return {"status": "OK", "has_more": True, "data": items}


def numbered(number: object, *items: str) -> object:
    """A page that names the next one."""
    return {
        "status": "OK",
        "data": {"list": [{"cursor": one} for one in items], "nextPage": number},
    }


@pytest.fixture
def made(project: WorldProject, service: FakeCurrents) -> WorldRun:
    return project.run(specs=3, tests=4, failures=2)


def storage_of(path: Path) -> str:
    with duckdb.connect(path) as database:
        query = "select tags['storage_version'] from duckdb_databases() where path is not null"
        [(version,)] = database.sql(query).fetchall()
    return str(version)


class TestExport:
    def test_into_parquet_and_resumed(
        self,
        made: WorldRun,
        service: FakeCurrents,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        target = str(tmp_path / "lake")
        assert run(["export", target, *SPAN]) == 0
        out, err = capsys.readouterr()
        exported = json.loads(out)
        assert err == ""
        assert (exported["windows"], exported["runs"], exported["instances"]) == (1, 1, 3)
        assert exported["rows"]["tests"] == 12
        assert exported["requests"] == len(service.requests)
        with duckdb.connect() as database:
            found = database.read_parquet(f"{target}/tests/*/*/*.parquet")
            assert len(found.fetchall()) == 12
        assert run(["export", target, *SPAN, "--resume", "--look-back", "0h"]) == 0
        assert answered(capsys)[0]["windowsSkipped"] == 1

    def test_one_project_that_is_refused(
        self,
        made: WorldRun,
        service: FakeCurrents,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        projects = ["--project", made.project_id, "--project", "deleted"]
        assert run(["export", str(tmp_path / "lake"), *SPAN, *projects]) == 5
        exported = json.loads(capsys.readouterr().out)
        assert (exported["refused"], exported["instances"]) == (["deleted"], 3)

    def test_all_projects_and_one_table_into_duckdb(
        self, made: WorldRun, service: FakeCurrents, tmp_path: Path
    ) -> None:
        other = service.world.project()
        other.run(specs=2)
        target = str(tmp_path / "c.duckdb")
        options = ("--format", "duckdb", "--all-projects", "--table", "runs")
        assert run(["export", target, *SPAN, *options]) == 0
        with duckdb.connect(target) as database:
            found = database.sql("select project_id from runs").fetchall()
        assert {project_id for (project_id,) in found} == {made.project_id, other.project_id}

    @pytest.mark.parametrize(
        ("options", "is_database"), [([], True), (["--format", "parquet"], False)], ids=str
    )
    def test_the_name_of_a_target_says_its_format_unless_an_option_does(
        self,
        made: WorldRun,
        tmp_path: Path,
        options: list[str],
        is_database: bool,  # noqa: FBT001
    ) -> None:
        target = tmp_path / "c.duckdb"
        assert run(["export", str(target), *SPAN, "--table", "runs", *options]) == 0
        assert target.is_file() is is_database
        if is_database:
            with duckdb.connect(str(target)) as database:
                assert database.sql("select run_id from runs").fetchall() == [(made.run_id,)]

    @pytest.mark.parametrize("storage", ["v1.4.0", "latest"])
    def test_a_database_is_for_the_releases_that_are_asked_for(
        self, made: WorldRun, tmp_path: Path, storage: str
    ) -> None:
        target, other = tmp_path / "c.duckdb", tmp_path / "other.duckdb"
        options = ("--table", "runs", "--duckdb-storage", storage)
        assert run(["export", str(target), *SPAN, *options]) == 0
        duckdb.connect(other, config={"storage_compatibility_version": storage}).close()
        assert storage_of(target) == storage_of(other)

    def test_runs_that_are_gone_are_kept_until_they_are_to_be_replaced(
        self,
        made: WorldRun,
        service: FakeCurrents,
        project: WorldProject,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        project.run(specs=1)
        arguments = ["export", str(tmp_path / "c.duckdb"), *SPAN]
        assert run(arguments) == 0
        service.world.delete(made.run_id)
        counts = list[int]()
        for options in ([], ["--replace"]):
            capsys.readouterr()
            assert run([*arguments, *options]) == 0
            out, err = capsys.readouterr()
            counts.append(json.loads(out)["gone"])
            assert ("whose rows were kept: 1 " in err) is (options == [])
            with duckdb.connect(tmp_path / "c.duckdb") as database:
                counts += database.sql("select count(*) from runs").fetchall()[0]
        assert counts == [1, 2, 0, 1]

    def test_a_project_that_cannot_be_listed_is_named_and_the_others_are_exported(
        self,
        made: WorldRun,
        service: FakeCurrents,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        options = ("--project", "deleted", "--project", made.project_id)
        assert run(["export", str(tmp_path / "lake"), *SPAN, *options]) == 5
        out, err = capsys.readouterr()
        assert json.loads(out)["runs"] == 1
        assert "the runs of project deleted could not be listed\n" in err

    def test_a_first_day_before_all_others(self, made: WorldRun, tmp_path: Path) -> None:
        options = ("--since", "0001-01-01", "--until", "2020-01-05", "--table", "runs")
        assert run(["export", str(tmp_path / "lake"), *options]) == 0

    def test_what_cannot_be_fetched(
        self,
        made: WorldRun,
        service: FakeCurrents,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        service.fail("getInstance", status=404)
        assert run(["export", str(tmp_path / "lake"), *SPAN]) == 5
        out, err = capsys.readouterr()
        assert json.loads(out)["failures"] == 1
        assert "--resume" in err

    def test_arrow_to_the_next_program(
        self, made: WorldRun, capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["export", "-", "--format", "arrow", "--table", "tests", *SPAN]) == 0
        table = pa.ipc.open_stream(capfdbinary.readouterr().out).read_all()
        assert set(table["run_id"].to_pylist()) == {made.run_id}
        assert table.num_rows == 12

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["t", "--format", "arrow", "--table", "runs"], "stdout"),
            (["-"], "stdout"),
            (["-", "--format", "arrow"], "one table"),
            (["t", "--project", "p", "--all-projects"], "--all-projects"),
            (["t", "--resume", "--replace"], "--resume or --replace"),
            (["t", "--since", "never"], "--since must be as"),
            (["t", "--look-back", "never"], "--look-back must be as"),
            (["t", "--fields", "nope"], "no field"),
        ],
    )
    def test_mistakes(
        self,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        options: list[str],
        message: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert run(["export", *options, "--project", "p"]) == 2
        assert message in capsys.readouterr().err
        assert service.requests == []
        assert list(tmp_path.glob("t*")) == []

    def test_without_a_project(
        self,
        service: FakeCurrents,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
    ) -> None:
        monkeypatch.delenv("CURRENTS_PROJECT_ID", raising=False)
        assert run(["export", str(tmp_path / "t")]) == 2
        assert "--all-projects" in capsys.readouterr().err

    def test_a_target_that_cannot_be_written_to(
        self, made: WorldRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        assert run(["export", str(tmp_path / "file"), *SPAN]) == 1
        assert "currents-async: " in capsys.readouterr().err


class TestDemo:
    def test_both_forms_agree_with_the_world(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world = make_history(days=2)
        options = ExportOptions(concurrency=8)
        assert execute(export_demo(str(tmp_path), options, output=OUTPUT, world=world)) == 0
        parquet, database = answered(capsys)
        assert parquet["rows"] == database["rows"]
        flaky = sum(spec.flaky for one in world.runs.values() for spec in one.specs)
        with duckdb.connect(str(tmp_path / "currents.duckdb")) as connection:
            [counted] = connection.sql("select count(*) filter (is_flaky) from tests").fetchall()
        assert counted == (flaky,)
        assert flaky > 0

    def test_the_world_is_the_same_each_time(self) -> None:
        one, other = make_history(days=1), make_history(days=1)
        assert list(one.runs) == list(other.runs)
        assert len(one.projects) == 3
        assert len(one.runs) == 6


class TestAssets:
    def test_of_a_run(
        self, made: WorldRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["assets", "download", made.run_id, "--to", str(tmp_path / "a")]) == 0
        saved = answered(capsys)
        paths = [Path(str(one["path"])) for one in saved]
        assert len(paths) > 2
        assert [path.stat().st_size for path in paths] == [one["size"] for one in saved]

    def test_of_an_instance_and_a_kind(
        self, made: WorldRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        [spec] = [spec for spec in made.specs if spec.failures][:1]
        options = ("--instance", str(spec.instance_id), "--kind", "trace")
        assert run(["assets", "download", *options, "--to", str(tmp_path / "a")]) == 0
        saved = answered(capsys)
        assert {one["kind"] for one in saved} == {"trace"}
        assert {one["instanceId"] for one in saved} == {spec.instance_id}

    def test_what_cannot_be_saved(
        self,
        made: WorldRun,
        service: FakeCurrents,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        service.fail("downloadAsset", status=404)
        assert run(["assets", "download", made.run_id, "--to", str(tmp_path / "a")]) == 5
        out, err = capsys.readouterr()
        failed = [one for one in map(json.loads, out.splitlines()) if one["error"]]
        assert len(failed) == 1
        assert failed[0]["path"] is None
        assert err == "1 could not be saved\n"

    @pytest.mark.parametrize(
        "options",
        [[], ["run", "--instance", "i"], ["--instance", "i", "--only-failed"], ["a/b"]],
        ids=" ".join,
    )
    def test_mistakes(self, service: FakeCurrents, tmp_path: Path, options: list[str]) -> None:
        assert run(["assets", "download", *options, "--to", str(tmp_path / "a")]) == 2
        assert service.requests == []


class TestApi:
    def test_an_answer_as_it_came(
        self, service: FakeCurrents, project: WorldProject, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["api", "GET", "/projects", "-q", "limit=1"]) == 0
        envelope = json.loads(capsys.readouterr().out)
        assert envelope["status"] == "OK"
        assert envelope["data"][0]["projectId"] == project.project_id
        assert service.requests[-1].query == [("limit", "1")]

    def test_all_pages_of_both_kinds(
        self, service: FakeCurrents, project: WorldProject, capsys: pytest.CaptureFixture[str]
    ) -> None:
        runs = [project.run(specs=1, tests=3).run_id for _ in range(5)]
        path = f"/projects/{project.project_id}/runs"
        assert run(["api", "GET", path, "-q", "limit=2", "--paginate"]) == 0
        assert [one["runId"] for one in answered(capsys)] == runs[::-1]
        span = ("-q", "date_start=2026-01-01", "-q", "date_end=2026-02-01", "-q", "limit=2")
        path = f"/tests/{project.project_id}"
        assert run(["api", "GET", path, *span, "--paginate"]) == 0
        signatures = [one["signature"] for one in answered(capsys)]
        assert len(signatures) == len(set(signatures)) == 3

    def test_a_body(
        self,
        service: FakeCurrents,
        project: WorldProject,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        body = {"projectId": project.project_id, "specFilePath": "a", "testTitle": "b"}
        stdin = io.TextIOWrapper(io.BytesIO(json.dumps(body).encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        assert run(["api", "POST", "/signature/test", "--body", "-"]) == 0
        assert "signature" in json.loads(capsys.readouterr().out)["data"]

    def test_a_body_that_begins_with_a_byte_order_mark(
        self, service: FakeCurrents, project: WorldProject, tmp_path: Path
    ) -> None:
        body = {"projectId": project.project_id, "specFilePath": "a", "testTitle": "b"}
        path = tmp_path / "body.json"
        path.write_text(json.dumps(body), encoding="utf-8-sig")
        assert run(["api", "POST", "/signature/test", "--body", str(path)]) == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            ["PATCH", "/projects"],
            ["GET", "projects"],
            ["GET", "/projects", "-q", "limit"],
            ["POST", "/projects", "--paginate"],
        ],
        ids=" ".join,
    )
    def test_mistakes(self, service: FakeCurrents, arguments: list[str]) -> None:
        assert run(["api", *arguments]) == 2
        assert service.requests == []

    @pytest.mark.parametrize(
        ("pages", "items", "message"),
        [
            ([cursors("A"), cursors("B")] * 3, ["A", "B"], "lead in a circle, at A"),
            ([cursors("A")] * 3, ["A"], "lead in a circle, at A"),
            ([numbered(number, "same") for number in range(1, 99)], ["same"], "had nothing new"),
            ([numbered(1, "a"), numbered(1, "b")], ["a", "b"], "lead in a circle, at 1"),
            ([numbered(number) for number in range(1, 99)], [], "20 pages of /x in a row"),
        ],
        ids=["two cursors", "one cursor", "ignored number", "one number", "empty"],
    )
    def test_pages_without_an_end_are_an_error(
        self,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        pages: list[object],
        items: list[str],
        message: str,
    ) -> None:
        for page in pages:
            service.fail(None, status=200, body=json.dumps(page).encode())
        assert run(["api", "GET", "/x", "--paginate"]) == 1
        out, err = capsys.readouterr()
        assert [json.loads(line)["cursor"] for line in out.splitlines()] == items
        assert message in err
        assert len(service.requests) <= 21

    def test_pages_without_anything_new_are_turned_for_a_while(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for page in (numbered(1, "a"), numbered(2), numbered(3, "a"), numbered(None, "b")):
            service.fail(None, status=200, body=json.dumps(page).encode())
        assert run(["api", "GET", "/x", "--paginate"]) == 0
        assert [one["cursor"] for one in answered(capsys)] == ["a", "b"]

    def test_pages_are_numbered_in_whichever_way_javascript_writes(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        pages = [numbered(1.0, "a"), numbered(number=True), numbered(3, "b"), numbered(0, "c")]
        for page in pages:
            service.fail(None, status=200, body=json.dumps(page).encode())
        assert run(["api", "GET", "/x", "--paginate"]) == 0
        assert [one["cursor"] for one in answered(capsys)] == ["a", "b", "c"]
        asked = [dict(request.query).get("page") for request in service.requests]
        assert asked == [None, "1", "2", "3"]

    def test_an_item_without_a_cursor_leads_nowhere(
        self, service: FakeCurrents, capsys: pytest.CaptureFixture[str]
    ) -> None:
        page = {"status": "OK", "data": [{"runId": "r"}], "has_more": True}
        service.fail(None, status=200, body=json.dumps(page).encode())
        assert run(["api", "GET", "/x", "--paginate"]) == 1
        assert "the last item has no cursor" in capsys.readouterr().err

    def test_people_get_it_indented(
        self,
        service: FakeCurrents,
        project: WorldProject,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        assert run(["api", "GET", f"/projects/{project.project_id}"]) == 0
        out = capsys.readouterr().out
        assert out.startswith('{\n  "status": "OK",\n  "data": {\n')
        assert json.loads(out)["data"]["projectId"] == project.project_id

    @pytest.mark.parametrize("body", [b"not \xff\x1b[2J JSON", b'{"a":"\xe2\x80\xae\xc2\x9b"}'])
    def test_no_response_draws_on_a_terminal(
        self,
        service: FakeCurrents,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        body: bytes,
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        service.fail(None, status=200, body=body)
        assert run(["api", "GET", "/x"]) == 0
        assert capsys.readouterr().out.replace("\n", "").isprintable()

    def test_what_has_no_pages(self, made: WorldRun, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["api", "GET", f"/runs/{made.run_id}", "--paginate"]) == 2
        assert "no list" in capsys.readouterr().err
        assert run(["api", "GET", "/runs/unknown"]) == 3


class TestProgress:
    def test_a_bar_for_people(
        self,
        made: WorldRun,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
        monkeypatch.setenv("COLUMNS", "200")
        assert run(["export", str(tmp_path / "lake"), *SPAN]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["runs"] == 1
        for text in ("export parquet", "1/1", "1 runs", "3 instances", "requests/s", "kB"):
            assert text in err

    def test_throttles_are_counted_and_their_pause_counts_down(self) -> None:
        now = 100.0
        throttles = Throttles(lambda: now)
        assert str(throttles) == ""
        throttles(attempt(200, None))
        assert str(throttles) == ""
        throttles(attempt(429, 30))
        throttles(attempt(429, None))
        assert str(throttles) == "2 x 429, paused for 30 s"
        now = 120.0
        assert str(throttles) == "2 x 429, paused for 10 s"
        now = 131.0
        assert str(throttles) == "2 x 429"


def attempt(status: int, retry_after: float | None) -> RequestAttempt:
    call = RequestCall(number=1, operation="getRun", method="GET", url="https://x")
    error = RateLimitedError(
        "slow down",
        operation="getRun",
        method="GET",
        url="https://x",
        status=429,
        retry_after=retry_after,
    )
    return RequestAttempt(
        call=call,
        attempt=1,
        status=status,
        request_id=None,
        error=error if status == 429 else None,
        waited=0,
        until_headers=None,
        duration=0,
        wire_bytes=0,
        inflated_bytes=0,
    )


def test_exit_codes_are_all_different() -> None:
    codes = [value for name, value in vars(_exit).items() if name.isupper()]
    assert len(codes) == len(set(codes)) == 10
