"""`-v` and `-vv`: what goes over the wire, and no secret of it."""

import json
import logging
import re
from pathlib import Path

import pytest

from currents_async._redaction import safe_headers
from currents_async.cli._app import app
from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine
from tests.cli.test_help import COMMANDS, commands_of
from tests.cli.test_progress import NONE


@pytest.mark.parametrize("name", sorted(COMMANDS - NONE))
def test_every_command_that_opens_a_client_has_it(name: str) -> None:
    command = dict(commands_of(app))[name]
    names = {name for one in command.assemble_argument_collection() for name in one.names}
    assert {"-v", "--verbose"} <= names


class TestRequests:
    def test_each_has_a_line(self, made: WorldRun, cli: CommandLine) -> None:
        out, err = cli("runs", "get", made.run_id, "-v")
        assert json.loads(out)["runId"] == made.run_id
        assert re.fullmatch(rf"GET /v1/runs/{made.run_id}: 200 in \d+ ms\n", err)

    def test_queries_are_shown(self, made: WorldRun, cli: CommandLine) -> None:
        err = cli("runs", "list", "--branch", "main", "-v").err
        assert re.match(r"GET /v1/projects/\w+/runs\?.*branches.*=main.*: 200 in ", err)

    def test_a_retry_says_why(
        self, service: FakeCurrents, made: WorldRun, cli: CommandLine
    ) -> None:
        service.fail("getRun", status=503, headers={"Retry-After": "1"})
        first, second = cli("runs", "get", made.run_id, "-v").err.splitlines()
        assert re.fullmatch(r"GET /v1/runs/\w+: 503 in \d+ ms", first)
        assert re.fullmatch(
            r"GET /v1/runs/\w+: 200 in \d+ ms, attempt 2, after 503, waited 1\.\d s", second
        )

    def test_without_it_there_is_nothing(self, made: WorldRun, cli: CommandLine) -> None:
        cli("runs", "get", made.run_id, "-vv")
        assert cli("runs", "get", made.run_id).err == ""
        assert logging.getLogger("currents_async").handlers == []


class TestHeaders:
    def test_of_requests_and_responses(self, made: WorldRun, cli: CommandLine) -> None:
        lines = cli("runs", "get", made.run_id, "-vv").err.splitlines()
        assert "> Accept: application/json" in lines
        assert any(line.startswith("< Content-Type: application/json") for line in lines)

    def test_no_secret_is_shown(
        self, service: FakeCurrents, made: WorldRun, cli: CommandLine, tmp_path: Path
    ) -> None:
        cookie = {"Set-Cookie": "session=hunter2", "X-Echo": f"got {service.api_key}"}
        service.fail("getRun", status=503, headers=cookie)
        err = cli("assets", "download", made.run_id, "--to", str(tmp_path), "-vv").err
        assert "Set-Cookie: ***" in err
        assert re.search(r"^GET /\S+: 200 in \d+ ms$", err, re.MULTILINE)
        assert "hunter2" not in err
        assert service.api_key not in err
        assert "Bearer" not in err
        assert not re.search(r"(signature|credential|token)=", err, re.IGNORECASE)

    def test_which_are_secret(self) -> None:
        signed = "/a.png?X-Amz-Date=1&X-Amz-Signature=abc"
        headers = {
            "Authorization": "Bearer a",
            "cookie": "a=b",
            "x-amz-security-token": "abc",
            "X-Currents-Record-Key": "abc",
            "Location": signed,
            "Link": f'<https://s.example{signed}>; rel="next"',
            "Retry-After": "3",
        }
        assert dict(safe_headers(headers)) == {
            "Authorization": "***",
            "cookie": "***",
            "x-amz-security-token": "***",
            "X-Currents-Record-Key": "***",
            "Location": "/a.png?[signature]",
            "Link": '<https://s.example/a.png?[signature]>; rel="next"',
            "Retry-After": "3",
        }
