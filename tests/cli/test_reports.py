"""`report run`: one fetch, and as many documents as are wanted."""

import json
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from currents_async.reports import COMMENT_MARKER
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine

OPTIONS = ("--html", "--junit", "--ctrf", "--last-run", "--github-comment")


@pytest.fixture
def run_id(made: WorldRun) -> str:
    return made.run_id


def test_all_documents_come_of_one_fetch(
    made: WorldRun, service: FakeCurrents, cli: CommandLine, tmp_path: Path
) -> None:
    files = {option: tmp_path / "out" / option.strip("-") for option in OPTIONS}
    options = [part for option, file in files.items() for part in (option, str(file))]
    out, err = cli("report", "run", made.run_id, *options)
    assert out == ""
    assert set(err.splitlines()) == {f"written to {file}" for file in files.values()}
    assert len(service.requests) == 1 + len(made.specs)

    failed = {one.test_id for one in service.world.view.of_run(made) if one.state == "failed"}
    texts = {option: file.read_text(encoding="utf-8") for option, file in files.items()}
    assert texts["--html"].startswith("<!doctype html>")
    assert made.run_id in texts["--html"]
    assert ET.fromstring(texts["--junit"]).get("failures") == "2"  # noqa: S314 - our own
    assert json.loads(texts["--ctrf"])["results"]["summary"]["failed"] == 2
    assert set(json.loads(texts["--last-run"])["failedTests"]) == failed
    assert texts["--github-comment"].startswith(COMMENT_MARKER)


def test_a_hyphen_is_stdout(run_id: str, cli: CommandLine) -> None:
    out, err = cli("report", "run", run_id, "--ctrf", "-")
    assert json.loads(out)["reportFormat"] == "CTRF"
    assert err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_is_written_to(run_id: str, cli: CommandLine, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert cli("report", "run", run_id, "--last-run", str(pipe)).out == ""
        assert json.loads(os.read(reader, 65_536))["status"] == "failed"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_link_is_followed(run_id: str, cli: CommandLine, tmp_path: Path) -> None:
    link = tmp_path / "latest.json"
    link.symlink_to("run.json")
    assert cli("report", "run", run_id, "--ctrf", str(link)).err == f"written to {link}\n"
    assert link.is_symlink()
    assert json.loads((tmp_path / "run.json").read_bytes())["reportFormat"] == "CTRF"


@pytest.mark.parametrize("command", [("flaky",), ("trends", "lake")])
def test_a_page_is_no_directory(
    service: FakeCurrents, cli: CommandLine, tmp_path: Path, command: tuple[str, ...]
) -> None:
    told = cli("report", *command, "--html", str(tmp_path), code=2).err
    assert "--html must be a file" in told
    assert service.requests == []


@pytest.mark.parametrize(
    "command",
    [
        "report run r --html {}/page.html",
        "report run r --junit {}/new/junit.xml",
        "report flaky --html {}/page.html",
        "report trends lake --html {}/page.html",
        "assets download r --to {}/assets",
        "traces download i t --to {}/trace.zip",
    ],
)
def test_what_cannot_be_written_is_found_out_first(
    service: FakeCurrents, cli: CommandLine, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    line = command.format(tmp_path / "file")
    option, target = line.split()[-2:]
    message = f"currents-async: {option} cannot be written: {target}: Not a directory\n"
    assert cli(*line.split(), code=2).err == message
    assert service.requests == []


def test_flaky_tests_as_junit_xml_shows_them(
    project: WorldProject, service: FakeCurrents, cli: CommandLine
) -> None:
    flaky = project.run(specs=2, failures=0, flaky=1).run_id
    assert "<flakyFailure" in cli("report", "run", flaky, "--junit", "-").out
    both = cli("report", "run", flaky, "--junit", "-", "--flaky", "failed-and-passed").out
    assert "<flakyFailure" not in both
    assert both.count("<failure") > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name a report"),
        (["--html", "a", "--ctrf", "a"], "same file"),
        (["--html", "a", "--ctrf", "./a"], "same file"),
        (["--junit", "."], "--junit must be a file"),
        (["--html", ""], "--html must be a file"),
        (["--with-assets", "--junit", "a"], "--with-assets needs --html"),
        (["--with-assets", "--html", "-"], "--with-assets needs --html"),
        (["--github-summary"], "GITHUB_STEP_SUMMARY"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    run_id: str,
    service: FakeCurrents,
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert message in cli("report", "run", run_id, *options, code=2).err
    assert service.requests == []


def test_what_playwright_cannot_repeat_is_told(
    project: WorldProject, service: FakeCurrents, cli: CommandLine
) -> None:
    unclaimed = project.run(specs=3, unclaimed=1, failures=1).run_id
    err = cli("report", "run", unclaimed, "--last-run", "-").err
    assert err == "--last-run lacks what has no test ID: 1 without results\n"


class TestSummary:
    def test_it_is_appended(
        self, run_id: str, cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "summary"
        file.write_text("# Before\n")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
        cli("report", "run", run_id, "--github-summary")
        text = file.read_text(encoding="utf-8")
        assert text.startswith("# Before\n\n## ✗ Run failed")

    def test_it_fits_beside_what_is_there(
        self, run_id: str, cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "summary"
        file.write_bytes(b"x" * (1024 * 1024 - 2_500))
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
        cli("report", "run", run_id, "--github-summary")
        assert 1024 * 1024 - 2_500 < file.stat().st_size <= 1024 * 1024
        assert "no room" in cli("report", "run", run_id, "--github-summary", code=1).err


class TestAssets:
    def test_files_are_beside_the_page(self, run_id: str, cli: CommandLine, tmp_path: Path) -> None:
        page = tmp_path / "run.html"
        cli("report", "run", run_id, "--html", str(page), "--with-assets")
        text = page.read_text(encoding="utf-8")
        linked = set(re.findall(r'(?:src|href)="(run_assets/[^"]+)"', text))
        assert linked
        saved = {
            path.relative_to(tmp_path).as_posix()
            for path in (tmp_path / "run_assets").rglob("*")
            if path.is_file()
        }
        assert linked <= saved
        assert "X-Amz" not in text

    def test_one_that_cannot_be_saved_is_told(
        self, run_id: str, service: FakeCurrents, cli: CommandLine, tmp_path: Path
    ) -> None:
        service.fail("downloadAsset", status=404)
        page = tmp_path / "run.html"
        err = cli("report", "run", run_id, "--html", str(page), "--with-assets", code=5).err
        assert "404" in err
        assert page.exists()


def test_what_could_not_be_fetched_is_told(
    run_id: str, service: FakeCurrents, cli: CommandLine, tmp_path: Path
) -> None:
    service.fail("getInstance", status=404)
    page = tmp_path / "run.html"
    err = cli("report", "run", run_id, "--html", str(page), code=5).err
    assert "404" in err
    assert "404" in page.read_text(encoding="utf-8")


class TestFlaky:
    def test_of_the_newest_runs(
        self, project: WorldProject, service: FakeCurrents, cli: CommandLine, tmp_path: Path
    ) -> None:
        runs = [project.run(specs=2, failures=1, flaky=1).run_id for _ in range(3)]
        page = tmp_path / "flaky.html"
        cli("report", "flaky", "--html", str(page), "--runs", "2", "--quarantined")
        text = page.read_text(encoding="utf-8")
        assert [run_id in text for run_id in runs] == [False, True, True]
        fetched = [one for one in service.requests if one.operation == "getInstance"]
        assert len(fetched) == 4

    def test_of_an_export(
        self, project: WorldProject, service: FakeCurrents, cli: CommandLine, tmp_path: Path
    ) -> None:
        project.run(specs=2, failures=1, flaky=1)
        lake = tmp_path / "lake"
        days = ("--since", "2026-01-05", "--until", "2026-01-06")
        cli("export", str(lake), "--project", project.project_id, *days)
        before = len(service.requests)
        options = ("--since", "2026-01-01", "--branch", "main")
        text = cli("report", "flaky", str(lake), "--html", "-", *options).out
        assert "Mon 5 Jan" in text or "2026-01-05" in text
        trends = cli("report", "trends", str(lake), "--html", "-", *options).out
        assert "<svg" in trends
        assert len(service.requests) == before

    def test_there_is_no_export(self, service: FakeCurrents, cli: CommandLine) -> None:
        assert "no export" in cli("report", "trends", "nowhere", "--html", "-", code=1).err
