"""The command `mock serve`, from its first line to its exit code."""

import asyncio
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest

from currents_async import Currents, Retries, ServerError
from currents_async.cli._app import run
from currents_async.cli._mock.log import request_log
from currents_async.cli._mock.organisation import make_organisation
from currents_async.testing import FakeCurrents, World
from tests.cli.stdio import CommandLine

COMMAND = (sys.executable, "-m", "currents_async.cli")
PLAIN = {"Accept-Encoding": "identity"}
SMALL = ("--projects", "2", "--runs", "3", "--specs", "4")


class Process(subprocess.Popen[str]):
    """A command in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        pipe = subprocess.PIPE
        super().__init__((*COMMAND, *arguments), stdout=pipe, stderr=pipe, text=True)

    def line(self) -> str:
        assert self.stdout is not None
        return self.stdout.readline().rstrip("\n")

    def log_line(self) -> str:
        assert self.stderr is not None
        return self.stderr.readline().rstrip("\n")

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal, and return the exit code and what was still printed."""
        self.send_signal(number)
        out, err = self.communicate(timeout=10)
        return self.returncode, out, err


@contextmanager
def running(*arguments: str) -> Generator[Process]:
    with Process(*arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def serving(*options: str) -> AbstractContextManager[Process]:
    """A server of a small organisation."""
    return running("mock", "serve", "--port", "0", *SMALL, *options)


@contextmanager
def listening(*options: str) -> Generator[tuple[Process, str]]:
    """What prints deliveries, and its URL."""
    with running("webhooks", "listen", "--port", "0", *options) as listener:
        yield listener, re.findall("http[^;]*", listener.log_line())[0]


class TestProcess:
    async def test_a_script_reads_one_line_of_json_and_uses_it(self) -> None:
        with serving("--json", "--seed", "5", "--api-key", "mine") as process:
            told = json.loads(process.line())
            assert told["environment"] == {
                "CURRENTS_API_URL": told["url"],
                "CURRENTS_REST_API_URL": told["url"].removesuffix("/v1"),
                "CURRENTS_API_KEY": "mine",
                "CURRENTS_PROJECT_ID": told["projects"][0]["project_id"],
            }
            async with Currents("mine", base_url=told["url"]) as currents:
                page = await currents.projects.list()
                complete = await currents.runs.get(told["run_id"])
                running = await currents.runs.get(told["run_in_progress"])
                # With the client's connection still open.
                assert process.stop(signal.SIGTERM) == (0, "", "")
        listed = {project.project_id for project in page.items}
        assert listed == {project["project_id"] for project in told["projects"]}
        assert (complete.is_complete, running.is_complete) == (True, False)
        assert len(complete.specs) == 4

    async def test_a_person_exports_what_is_printed_and_ends_it_with_ctrl_c(self) -> None:
        with serving("--log", "--rate", "7") as process:
            lines = list(iter(process.line, "Ctrl-C ends it."))
            exports = [shlex.split(line)[1] for line in lines if line.startswith("export ")]
            variables = dict(export.split("=", 1) for export in exports)
            url = variables["CURRENTS_API_URL"]
            assert variables["CURRENTS_API_KEY"] == FakeCurrents(World()).api_key
            assert f"project {variables['CURRENTS_PROJECT_ID']}  Project 1" in lines
            async with (
                aiohttp.ClientSession(headers=PLAIN) as session,
                session.get(f"{url}/projects?limit=1") as response,
            ):
                assert response.headers["X-RateLimit-Limit"] == "7"
            assert process.log_line() == "GET /projects?limit=1 401 54 bytes"
            assert process.stop(signal.SIGINT) == (0, "", "")

    def test_pending_requests_and_second_signals_do_not_delay_the_end(self) -> None:
        with serving("--json", "--latency", "600") as process:
            url = urlsplit(json.loads(process.line())["url"])
            with socket.create_connection((url.hostname, url.port)) as client:
                client.sendall(b"GET /v1/projects HTTP/1.1\r\nHost: localhost\r\n\r\n")
                process.send_signal(signal.SIGINT)
                assert process.stop(signal.SIGTERM) == (0, "", "")

    async def test_a_rate_limiter_of_another_kind(self) -> None:
        with serving("--json", "--rate", "bucket:1/h,burst=2,status=503,headers=none") as process:
            url = json.loads(process.line())["url"]
            async with Currents(
                FakeCurrents(World()).api_key, base_url=url, retries=Retries(attempts=1)
            ) as currents:
                for _ in range(2):
                    await currents.projects.list()
                with pytest.raises(ServerError, match="503") as raised:
                    await currents.projects.list()
            assert raised.value.status == 503
            process.stop(signal.SIGTERM)

    async def test_the_asset_url_is_announced(self) -> None:
        with serving("--json", "--assets") as process:
            told = json.loads(process.line())
            unsigned = f"{told['asset_url']}/unsigned"
            async with aiohttp.ClientSession() as session, session.get(unsigned) as response:
                assert response.status == 404
            process.stop(signal.SIGTERM)


class TestLife:
    def test_what_listens_hears_of_runs_and_refusals_are_said(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", "open sesame")
        with listening("--secret-header", "X-Secret") as (listener, url):
            options = ("--json", "--speed", "10000", "--webhook", url)
            with serving(*options, "--secret-header", "X-Secret") as process:
                told = json.loads(process.line())
                heard = [json.loads(listener.line()) for _ in range(4)]
                assert process.stop(signal.SIGTERM) == (0, "", "")
            with serving(*options) as process:
                said = {process.log_line() for _ in range(4)}
                assert process.stop(signal.SIGTERM)[0] == 0
            _, _, err = listener.stop(signal.SIGTERM)
        events = [one["event"] for one in heard if one["runId"] == told["run_in_progress"]]
        assert sorted(events) == ["RUN_FINISH", "RUN_START"]
        assert said == {f"RUN_START to {url} 401", f"RUN_FINISH to {url} 401"}
        assert err.startswith("refused a delivery with 401: ")
        assert "sesame" not in err

    def test_a_watch_ends(self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving("--json", "--speed", "100") as process:
            told = json.loads(process.line())
            for name in ("CURRENTS_API_URL", "CURRENTS_API_KEY"):
                monkeypatch.setenv(name, told["environment"][name])
            watched = cli("runs", "watch", told["run_in_progress"], "--interval", "0.05")
            process.stop(signal.SIGTERM)
        assert len(watched.rows) == 4
        assert watched.err == f"run {told['run_in_progress']}: failed\n"

    def test_an_event_is_made_to_happen(
        self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with listening("--insecure") as (listener, url):
            with serving("--json", "--speed", "0", "--webhook", url) as process:
                told = json.loads(process.line())
                for name in ("CURRENTS_API_URL", "CURRENTS_API_KEY"):
                    monkeypatch.setenv(name, told["environment"][name])
                assert told["admin_url"] == told["url"].removesuffix("v1") + "_fake/"
                run_id = told["run_in_progress"]
                out = cli("mock", "emit", "RUN_FINISH").out
                assert out == f"run {run_id}\nRUN_FINISH to {url} 202\n"
                out = cli("mock", "emit", "run-timeout", run_id, "--url", told["url"]).out
                assert out == f"run {run_id}\nRUN_TIMEOUT to {url} 202\n"
                _, err = cli("mock", "emit", "RUN_FINISH", "nix", code=3)
                assert err.endswith(" refused with 404: there is no run nix\n")
                process.stop(signal.SIGTERM)
            heard = [json.loads(listener.line()) for _ in range(4)]
        assert {"RUN_FINISH", "RUN_TIMEOUT"} <= {
            one["event"] for one in heard if one["runId"] == run_id
        }

    def test_others_are_let_in_with_a_key_that_nobody_knows(self) -> None:
        keys: list[str] = []
        for _ in range(2):
            with serving("--host", "0.0.0.0") as process:  # noqa: S104 - for a moment
                lines = [*iter(process.line, "Ctrl-C ends it.")]
                keys += [line for line in lines if "CURRENTS_API_KEY" in line]
                assert "other machines need the name of this one there, and --allow-http" in lines
                process.stop(signal.SIGTERM)
        assert len(set(keys)) == 2
        assert all(len(key) > len("export CURRENTS_API_KEY=") + 30 for key in keys)


class TestMistakes:
    def test_where_nothing_serves(self, cli: CommandLine) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        _, err = cli("mock", "emit", "RUN_FINISH", "--url", url, code=1)
        assert err.startswith(f"currents-async: no server of `mock serve` at {url}: ")
        cli("mock", "emit", "RUN_FINISH", "--url", "nowhere", code=2)

    def test_a_server_of_another_kind(self, cli: CommandLine, service: FakeCurrents) -> None:
        _, err = cli("mock", "emit", "RUN_FINISH", code=3)
        origin = service.url.removesuffix("/v1")
        assert err == f"currents-async: {origin} refused with 404: Not found\n"

    def test_the_asset_port_in_use(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert (
                run(["mock", "serve", "--port", "0", "--assets", "--asset-port", str(port), *SMALL])
                == 1
            )
        err = capsys.readouterr().err
        assert str(port) in err
        assert err.endswith(": choose another --port or --asset-port\n")
        assert err.count("\n") == 1

    def test_a_port_in_use(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert run(["mock", "serve", "--port", port, *SMALL]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        where = f"currents-async: cannot listen on 127.0.0.1:{port}: "
        assert err == f"{where}Address already in use: choose another --port\n"

    @pytest.mark.parametrize(
        "command", [["mock", "serve", *SMALL], ["webhooks", "listen", "--insecure"]]
    )
    def test_a_host_that_is_none_of_ours(
        self, command: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run([*command, "--host", "192.0.2.1", "--port", "0"]) == 1
        err = capsys.readouterr().err
        where = "currents-async: cannot listen on 192.0.2.1:0: "
        assert err == f"{where}Cannot assign requested address: choose another --host\n"

    @pytest.mark.parametrize(
        ("rate", "words"),
        [
            (
                "0",
                "--rate: '0' cannot work: FixedWindow.requests must be a positive integer, not 0",
            ),
            ("50/d", "--rate: '50/d' must begin like 50/s"),
            ("bucket:50/s,brust=2", "--rate: 'bucket:50/s,brust=2' has an unknown option, 'brust'"),
        ],
    )
    def test_rates(self, cli: CommandLine, rate: str, words: str) -> None:
        assert cli("mock", "serve", "--rate", rate, code=2) == ("", f"currents-async: {words}\n")

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--port", "65535", "--assets"], "--port 65535 has no next port: pass --asset-port"),
            (
                ["--port", "4000", "--assets", "--asset-port", "4000"],
                "--asset-port must be another port than --port, not 4000",
            ),
            (
                ["--webhook", "http://127.0.0.1/", "--secret-header", "X-Secret"],
                "no secret for the header 'X-Secret': set CURRENTS_WEBHOOK_SECRET",
            ),
            (["--webhook", "localhost:80"], "--webhook must begin with http:// or https://"),
        ],
        ids=["next", "same", "secret", "url"],
    )
    def test_options_that_contradict(
        self, cli: CommandLine, options: list[str], words: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("CURRENTS_WEBHOOK_SECRET", raising=False)
        out, err = cli("mock", "serve", *options, code=2)
        assert (out, err) == ("", f"currents-async: {words}\n")

    @pytest.mark.parametrize(
        "options",
        [
            ["--port", "65536"],
            ["--asset-port", "-1"],
            ["--speed", "-1"],
            ["--port", "-1"],
            ["--port", "http"],
            ["--projects", "0"],
            ["--runs", "0"],
            ["--specs", "0"],
            ["--latency", "-1"],
            ["--seed", "x"],
            ["here"],
            ["--recent=maybe"],
        ],
        ids=" ".join,
    )
    def test_options(self, cli: CommandLine, options: list[str]) -> None:
        out, err = cli("mock", "serve", *options, code=2)
        assert out == ""
        assert err.startswith("currents-async: ")
        assert "Traceback" not in err


class TestOrganisation:
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        def everything(seed: int) -> bytes:
            world = make_organisation(seed=seed, projects=3, runs=3, specs=3)
            runs = [run for project in world.projects for run in project.runs]
            instances = [run.instance(0) for run in runs]
            jira = world.jiras[0]
            projects = [project.payload for project in world.projects]
            return msgspec.json.encode([
                projects,
                [run.payload for run in runs],
                instances,
                [jira.installation_id, jira.projects, jira.issue_types],
            ])

        assert everything(1) == everything(1)
        assert everything(1) != everything(2)

    def test_the_organisation_has_some_of_everything(self) -> None:
        world = make_organisation(seed=1, projects=3, runs=5, specs=8)
        assert [run.completion_state for run in world.projects[0].runs] == [
            *["COMPLETE"] * 4,
            "IN_PROGRESS",
        ]
        assert {run.branch for run in world.runs.values()} == {"main", "feature/1"}
        assert len({run.github_run for run in world.runs.values()}) == 15
        frameworks = [world.executions(one.project_id)[0].run.framework for one in world.projects]
        assert frameworks == ["pw", "pw", "cypress"]

    def test_a_single_run_is_complete(self) -> None:
        world = make_organisation(seed=1, projects=1, runs=1, specs=1)
        assert [run.completion_state for run in world.runs.values()] == ["COMPLETE"]

    def test_recent_runs_have_ended_by_now(self) -> None:
        before = datetime.now(UTC)
        recent = make_organisation(seed=1, projects=1, runs=3, specs=40, recent=True)
        fixed = make_organisation(seed=1, projects=1, runs=3, specs=40)
        begun = [datetime.fromisoformat(run.created_at) for run in recent.runs.values()]
        assert timedelta(hours=2) <= before - begun[1] < timedelta(hours=3, seconds=10)
        assert begun[1] - begun[0] == timedelta(hours=1)
        assert timedelta(minutes=4) < before - begun[2] <= timedelta(minutes=5, seconds=1)
        last = max(
            spec["completedAt"] or "" for spec in [*recent.runs.values()][-1].payload["specs"]
        )
        assert datetime.fromisoformat(last) < before
        assert list(recent.runs) == list(fixed.runs)
        assert next(iter(fixed.runs.values())).created_at == "2026-01-05T09:00:00.000Z"


async def test_the_log_has_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    target = "/runs/%1B%5B31m%0A?%1B=%0D"
    async with FakeCurrents() as server, aiohttp.ClientSession(headers=PLAIN) as session:
        async with request_log(server), session.get(server.url + target) as response:
            assert response.status == 401
        assert capsys.readouterr().err == f"GET {target} 401 54 bytes\n"


async def test_the_log_has_each_request_though_the_server_forgets_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with (
        FakeCurrents(max_requests=2) as server,
        aiohttp.ClientSession(headers=PLAIN) as session,
        request_log(server),
    ):
        said: list[str] = []
        for number in range(5):
            async with session.get(f"{server.url}/runs/{number}"):
                said.append(f"GET /runs/{number} 401 54 bytes")
            while not (err := capsys.readouterr().err):  # noqa: ASYNC110 - a log cannot be awaited
                await asyncio.sleep(0)
            assert err.splitlines() == said[-1:]


def test_the_server_remembers_a_bounded_number_of_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bounds: list[int] = []

    class Noted(FakeCurrents):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            bounds.append(options["max_requests"])
            super().__init__(*arguments, **options)

    monkeypatch.setattr("currents_async.testing.FakeCurrents", Noted)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["mock", "serve", "--port", str(taken.getsockname()[1]), *SMALL]) == 1
    assert bounds == [200]


def test_help_does_not_import_the_server() -> None:
    code = """
import sys
from currents_async.cli._app import run
run(["mock", "serve", "--help"])
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "--seed" in done.stdout
    assert not {"aiohttp.web", "currents_async.testing", "rich.progress"} & {*done.stderr.split()}
