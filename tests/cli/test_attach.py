"""`attach` and `sessions`: what is uploaded, and what becomes of each file."""

import json
from pathlib import Path

import pytest

from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two files to attach."""
    for name in ("report.html", "notes.txt"):
        (tmp_path / name).write_text(name)
    return [str(tmp_path / name) for name in ("report.html", "notes.txt")]


class TestAttach:
    def test_to_a_run(
        self, made: WorldRun, service: FakeCurrents, files: list[str], cli: CommandLine
    ) -> None:
        options = ("--caption", "Slow", "--meta", "shard=1")
        out, err = cli("attach", *files, "--run", made.run_id, *options)
        rows = [json.loads(line) for line in out.splitlines()]
        assert [(one["path"], one["error"]) for one in rows] == [(path, None) for path in files]
        assert err == ""
        declared = json.loads(service.requests[0].body)["attachments"]
        assert [one["caption"] for one in declared] == ["Slow", "Slow"]
        assert declared[0]["meta"] == {"shard": "1"}
        assert declared[0]["contentType"] == "text/html"

    def test_to_a_spec_file_of_a_build(
        self, made: WorldRun, service: FakeCurrents, files: list[str], cli: CommandLine
    ) -> None:
        spec = made.specs[0].path
        rows = cli("attach", files[0], "--ci-build", str(made.ci_build_id), "--spec", spec).rows
        assert rows[0]["attachmentId"]
        assert json.loads(service.requests[0].body)["spec"] == spec

    def test_one_that_fails_is_an_exit_code(
        self, made: WorldRun, service: FakeCurrents, files: list[str], cli: CommandLine
    ) -> None:
        service.fail("uploadAttachment", status=400, times=2)
        out, err = cli("attach", files[0], "--run", made.run_id, code=5)
        assert "400" in json.loads(out)["error"]
        assert err == "1 could not be attached\n"
        assert "X-Amz" not in out

    def test_no_upload_url_is_printed(
        self, made: WorldRun, files: list[str], service: FakeCurrents, cli: CommandLine
    ) -> None:
        out, err = cli("attach", *files, "--run", made.run_id)
        assert "http" not in out + err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "pass --run or --ci-build"),
            (["--run", "r", "--session", "s"], "pass --run or --ci-build"),
            (["--session", "s", "--test", "t"], "pass --run or --ci-build"),
            (["--run", "r", "--test", "t"], "a test needs --instance or --spec"),
            (["--run", "r", "--project", "p"], "--project is for --ci-build"),
            (["--run", "r", "--meta", "x"], "--meta must be NAME=VALUE"),
            (["--run", "r", "--kind", "trace"], "trace"),
        ],
    )
    def test_mistakes(
        self,
        service: FakeCurrents,
        files: list[str],
        cli: CommandLine,
        arguments: list[str],
        message: str,
    ) -> None:
        assert message in cli("attach", *files, *arguments, code=2).err
        assert service.requests == []


class TestSessions:
    def test_create_with_a_file_and_attach_another(
        self,
        project: WorldProject,
        service: FakeCurrents,
        files: list[str],
        cli: CommandLine,
    ) -> None:
        options = ("--status", "failed", "--branch", "main", "--sha", "abc", "--tag", "smoke")
        [made] = cli("sessions", "create", "Smoke", files[0], *options).rows
        assert made["files"][0]["attachmentId"]
        body = json.loads(service.requests[0].body)
        assert (body["title"], body["tags"]) == ("Smoke", ["smoke"])
        assert body["commit"] == {"branch": "main", "sha": "abc"}
        [more] = cli("attach", files[1], "--session", made["sessionId"]).rows
        assert more["error"] is None

    def test_nothing_is_created_for_a_file_that_is_not_there(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        err = cli("sessions", "create", "Smoke", "nowhere", "--status", "passed", code=2).err
        assert "nowhere" in err
        assert service.requests == []
