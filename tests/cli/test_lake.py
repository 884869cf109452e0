"""`lake`: what is in an export, whether it is sound, and less of it."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from currents_async.cli import _progress
from currents_async.testing import FakeCurrents, WorldProject
from tests.cli.stdio import CommandLine, Typing
from tests.cli.terminal import Terminal

SPAN = ("--since", "2026-01-05", "--until", "2026-01-07")


@pytest.fixture
def lake(project: WorldProject, service: FakeCurrents, cli: CommandLine, tmp_path: Path) -> Path:
    """Two days of two projects."""
    for one in (project, service.world.project()):
        for day in (5, 6):
            one.run(specs=1, created_at=datetime(2026, 1, day, 9, tzinfo=UTC))
    target = tmp_path / "lake"
    cli("export", str(target), *SPAN, "--all-projects", "--table", "runs", "--table", "tests")
    service.requests.clear()
    return target


def files_in(lake: Path) -> list[Path]:
    return sorted(lake.glob("*/*/*/*.parquet"))


def test_windows_lists_what_is_there(
    lake: Path, project: WorldProject, service: FakeCurrents, cli: CommandLine
) -> None:
    rows = cli("lake", "windows", str(lake)).rows
    assert [row["day"] for row in rows] == ["2026-01-05"] * 2 + ["2026-01-06"] * 2
    assert {row["state"] for row in rows} == {"final"}
    chosen = ("--project", project.project_id, "--before", "2026-01-06")
    [row] = cli("lake", "windows", str(lake), *chosen).rows
    assert row in rows
    assert (row["projectId"], row["day"]) == (project.project_id, "2026-01-05")
    assert service.requests == []


def test_check_finds_faults_that_another_export_mends(
    lake: Path, project: WorldProject, cli: CommandLine
) -> None:
    assert cli("lake", "check", str(lake)) == ("", "")
    [file, _] = lake.glob(f"tests/project={project.project_id}/*/*.parquet")
    day = file.name.partition(".")[0]
    file.unlink()
    [fault] = cli("lake", "check", str(lake), code=6).rows
    assert fault["recorded"] > fault["rows"] == 0
    assert (fault["table"], fault["projectId"], fault["day"]) == ("tests", project.project_id, day)
    options = ("--all-projects", "--table", "runs", "--table", "tests")
    cli("export", str(lake), *SPAN, *options)
    assert cli("lake", "check", str(lake)).out == ""


def test_a_file_that_cannot_be_read(lake: Path, cli: CommandLine) -> None:
    [file, *_] = files_in(lake)
    file.write_bytes(b"PAR1")
    assert f"{file.name} cannot be read" in cli("lake", "check", str(lake), code=1).err


def test_compact_joins_the_files_of_months(lake: Path, cli: CommandLine) -> None:
    before = files_in(lake)
    [nothing] = cli("lake", "compact", str(lake), "--before", "2026-01-31").rows
    assert nothing == {"filesBefore": 0, "filesAfter": 0}
    assert files_in(lake) == before
    [done] = cli("lake", "compact", str(lake)).rows
    assert done == {"filesBefore": len(before), "filesAfter": len(files_in(lake))}
    assert len(before) == 2 * len(files_in(lake))
    assert cli("lake", "check", str(lake)).out == ""


def test_views_are_made_of_the_tables_that_there_are(
    lake: Path, cli: CommandLine, tmp_path: Path
) -> None:
    into = tmp_path / "questions.duckdb"
    done = cli("lake", "views", str(lake), "--into", str(into))
    made = [row["view"] for row in done.rows]
    assert made == ["flakiest_tests_by_week", "failure_rate_by_branch", "owners"]
    assert "left out, since the export lacks their tables: slowest_specs, minutes" in done.err
    with duckdb.connect(into, read_only=True) as database:
        assert database.sql("SELECT sum(runs) FROM failure_rate_by_branch").fetchall() == [(4,)]
    assert "say which DuckDB file" in cli("lake", "views", str(lake), code=2).err


@pytest.mark.parametrize("command", ["windows", "check", "compact", "views"])
def test_the_password_of_a_database_is_not_shown(command: str, cli: CommandLine) -> None:
    """Nobody listens there; or its driver is not installed."""
    out, err = cli("lake", command, "postgresql://ada:hunter2@127.0.0.1:1/ci", code=1)
    assert out == ""
    assert "hunter2" not in err
    assert "127.0.0.1:1/ci" in err or "currents-async[postgres]" in err


class TestDelete:
    def test_after_a_dry_run(self, lake: Path, project: WorldProject, cli: CommandLine) -> None:
        command = ("lake", "delete", str(lake), "--before", "2026-01-06")
        files = files_in(lake)
        [planned] = cli(*command, "--dry-run").rows
        assert files_in(lake) == files
        assert planned.pop("rows") > 0
        assert planned == {
            "days": 2,
            "projects": 2,
            "first": "2026-01-05",
            "last": "2026-01-05",
            "dryRun": True,
        }
        [done] = cli(*command, "--project", project.project_id, "--yes").rows
        assert (done["days"], done["projects"], done["dryRun"]) == (1, 1, False)
        assert len(cli("lake", "windows", str(lake)).rows) == 3
        assert cli("lake", "check", str(lake)).out == ""

    @pytest.mark.parametrize(("typed", "left"), [("y\n", 2), ("n\n", 4)])
    def test_asks(
        self, lake: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch, typed: str, left: int
    ) -> None:
        monkeypatch.setattr("sys.stdin", Typing(typed))
        command = ("lake", "delete", str(lake), "--before", "2026-01-06")
        out, err = cli(*command, code=int(left == 4))
        question = "Delete 2 days of 2 projects (2026-01-05 to 2026-01-05) from"
        assert err.startswith(f"{question} {lake}? [y/N] ")
        assert ("nothing was done" in err) == (out == "") == (left == 4)
        assert len(cli("lake", "windows", str(lake)).rows) == left

    def test_nothing_is_not_asked_about(self, lake: Path, cli: CommandLine) -> None:
        [done] = cli("lake", "delete", str(lake), "--project", "nobody", "--yes").rows
        assert done["days"] == 0

    def test_everything_needs_a_reason(self, lake: Path, cli: CommandLine) -> None:
        err = cli("lake", "delete", str(lake), "--yes", code=2).err
        assert "pass --project or --before" in err


COMMANDS = [
    ["windows"],
    ["check"],
    ["compact"],
    ["delete", "--before", "7d", "--yes"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
class TestRefused:
    def test_without_an_export(self, command: list[str], tmp_path: Path, cli: CommandLine) -> None:
        name, *options = command
        err = cli("lake", name, str(tmp_path / "nowhere"), *options, code=1).err
        assert err == f"currents-async: there is no export at {tmp_path / 'nowhere'}\n"

    def test_while_an_export_writes(self, command: list[str], lake: Path, cli: CommandLine) -> None:
        name, *options = command
        with FileLock(lake / "_currents" / "lock"):
            err = cli("lake", name, str(lake), *options, code=1).err
        assert "another export is writing to this target" in err

    def test_of_another_release(self, command: list[str], lake: Path, cli: CommandLine) -> None:
        name, *options = command
        journal = lake / "_currents" / "journal.ndjson"
        journal.write_text(journal.read_text().replace('"layout":', '"layout":9', 1))
        err = cli("lake", name, str(lake), *options, code=1).err
        assert "another release of this library made the files of this target" in err


def test_what_takes_long_says_so(
    lake: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "_FIRST", 0.0)
    terminal = Terminal(200)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.stderr", terminal.file())
    for name, *options in COMMANDS:
        cli("lake", name, str(lake), *options)
    for doing in ("reading", "reading all rows of", "joining files of", "deleting from"):
        assert f"{doing} {lake}" in terminal.written
    assert terminal.lines == [""]
