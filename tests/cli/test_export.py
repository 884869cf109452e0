import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from currents_async.cli._app import run
from currents_async.cli._execute import execute
from currents_async.cli._export_demo import export_demo, make_history
from currents_async.cli._export_options import ExportOptions
from currents_async.cli._output import OUTPUT
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine

SPAN = ("--since", "2026-01-05", "--until", "2026-01-06")


def storage_of(path: Path) -> str:
    with duckdb.connect(path) as database:
        query = "select tags['storage_version'] from duckdb_databases() where path is not null"
        [(version,)] = database.sql(query).fetchall()
    return str(version)


class TestExport:
    def test_into_parquet_and_resumed(
        self, made: WorldRun, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        target = str(tmp_path / "lake")
        out, err = cli("export", target, *SPAN)
        exported = json.loads(out)
        assert err == ""
        assert (exported["windows"], exported["runs"], exported["instances"]) == (1, 1, 3)
        assert exported["rows"]["tests"] == 12
        assert exported["requests"] == len(service.requests)
        with duckdb.connect() as database:
            found = database.read_parquet(f"{target}/tests/*/*/*.parquet")
            assert found.count("*").fetchall() == [(12,)]
        rows = cli("export", target, *SPAN, "--resume", "--look-back", "0h").rows
        assert rows[0]["windowsSkipped"] == 1

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

    def test_the_format_defaults_to_that_of_the_target_name(
        self, made: WorldRun, tmp_path: Path
    ) -> None:
        target = tmp_path / "c.duckdb"
        assert run(["export", str(target), *SPAN, "--table", "runs"]) == 0
        with duckdb.connect(str(target)) as database:
            assert database.sql("select run_id from runs").fetchall() == [(made.run_id,)]

    @pytest.mark.parametrize("storage", ["v1.4.0", "latest"])
    def test_a_database_has_the_requested_storage_version(
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
        cli: CommandLine,
    ) -> None:
        project.run(specs=1)
        arguments = ["export", str(tmp_path / "c.duckdb"), *SPAN]
        cli(*arguments)
        service.world.delete(made.run_id)
        counts = list[int]()
        for options in ([], ["--replace"]):
            out, err = cli(*arguments, *options)
            counts.append(json.loads(out)["gone"])
            assert ("whose rows were kept: 1 " in err) is (options == [])
            with duckdb.connect(tmp_path / "c.duckdb") as database:
                counts += database.sql("select count(*) from runs").fetchall()[0]
        assert counts == [1, 2, 0, 1]

    def test_a_project_that_cannot_be_listed_is_named_and_the_others_are_exported(
        self, made: WorldRun, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        options = ("--project", "deleted", "--project", made.project_id)
        out, err = cli("export", str(tmp_path / "lake"), *SPAN, *options, code=5)
        exported = json.loads(out)
        assert (exported["refused"], exported["runs"], exported["instances"]) == (["deleted"], 1, 3)
        assert "the runs of project deleted could not be listed\n" in err

    def test_a_first_day_long_before_any_run(self, made: WorldRun, tmp_path: Path) -> None:
        options = ("--since", "0001-01-01", "--until", "2020-01-05", "--table", "runs")
        assert run(["export", str(tmp_path / "lake"), *options]) == 0

    def test_a_missing_instance_exits_with_5(
        self, made: WorldRun, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        service.fail("getInstance", status=404)
        out, err = cli("export", str(tmp_path / "lake"), *SPAN, code=5)
        assert json.loads(out)["failures"] == 1
        assert "--resume" in err

    def test_arrow_to_stdout(
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
            (["t.duckdb", "--format", "parquet"], "--format must be duckdb, or left out, for a "),
            (["t.csv"], "TARGET must not end in .csv: exports are Parquet, NDJSON or DuckDB files"),
            (["t", "--since", "never"], "--since must be a time"),
            (["t", "--look-back", "never"], "--look-back must be a span"),
            (["t", "--fields", "nope"], "no field"),
        ],
    )
    def test_mistakes(
        self,
        service: FakeCurrents,
        cli: CommandLine,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        options: list[str],
        message: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert message in cli("export", *options, "--project", "p", code=2).err
        assert service.requests == []
        assert list(tmp_path.glob("t*")) == []

    def test_without_a_project(
        self,
        service: FakeCurrents,
        monkeypatch: pytest.MonkeyPatch,
        cli: CommandLine,
        tmp_path: Path,
    ) -> None:
        monkeypatch.delenv("CURRENTS_PROJECT_ID", raising=False)
        assert "--all-projects" in cli("export", str(tmp_path / "t"), code=2).err

    def test_an_unwritable_target(self, made: WorldRun, tmp_path: Path, cli: CommandLine) -> None:
        (tmp_path / "file").write_text("in the way")
        assert "currents-async: " in cli("export", str(tmp_path / "file"), *SPAN, code=1).err


class TestDemo:
    def test_both_formats_agree_with_the_world(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world = make_history(days=2)
        options = ExportOptions(concurrency=8)
        assert execute(export_demo(str(tmp_path), options, output=OUTPUT, world=world)) == 0
        parquet, database = map(json.loads, capsys.readouterr().out.splitlines())
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
