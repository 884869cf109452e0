"""Commands as processes: signals, pipes, and how fast they say what they are."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from currents_async import RequestAttempt
from currents_async.cli._app import run
from currents_async.cli._execute import execute
from currents_async.cli._progress import Throttles
from currents_async.testing import FakeCurrents, World, WorldProject

CLI = (sys.executable, "-m", "currents_async.cli")
SECRET = "hook-secret-7f3a"


def killing(number: signal.Signals) -> Callable[[Throttles, RequestAttempt], None]:
    """Return what sends this process a signal when the first request has been answered."""
    sent: list[signal.Signals] = []

    def kill(_throttles: Throttles, _attempt: RequestAttempt) -> None:
        if not sent:
            sent.append(number)
            os.kill(os.getpid(), number)

    return kill


class TestSignals:
    @pytest.mark.parametrize(
        ("number", "code", "said"),
        [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "terminated\n")],
    )
    def test_an_export_ends_in_order_and_goes_on(
        self,
        project: WorldProject,
        service: FakeCurrents,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        number: signal.Signals,
        code: int,
        said: str,
    ) -> None:
        project.run(specs=3)
        span = ("--since", "2026-01-05", "--until", "2026-01-06")
        arguments = ["export", str(tmp_path / "lake"), *span, "--resume"]
        before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        with monkeypatch.context() as patched:
            patched.setattr(Throttles, "__call__", killing(number))
            assert run(arguments) == code
        assert capsys.readouterr() == ("", said)
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
        assert list((tmp_path / "lake").rglob("*.parquet")) == []
        assert run(arguments) == 0
        assert json.loads(capsys.readouterr().out)["runs"] == 1

    def test_a_job_in_the_background_ignores_ctrl_c(self) -> None:
        async def interrupted() -> int:
            os.kill(os.getpid(), signal.SIGINT)
            return 0

        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            assert execute(interrupted()) == 0
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGINT, before)


@asynccontextmanager
async def listening(
    *options: str, env: dict[str, str] | None = None, stdout: int = subprocess.PIPE
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """Listen for webhooks in a process, which ends with the test; its stderr is the second."""
    process = await asyncio.create_subprocess_exec(
        *(*CLI, "webhooks", "listen", *options),
        env={**os.environ, **(env or {})},
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            yield process, process.stderr
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def url_of(stderr: asyncio.StreamReader) -> str:
    return (await stderr.readline()).decode().split()[2].rstrip(";")


class TestListening:
    async def test_events_are_printed_until_ctrl_c(self, project: WorldProject) -> None:
        options = ("--port", "0", "--secret-header", "X-Secret")
        async with listening(*options, env={"CURRENTS_WEBHOOK_SECRET": SECRET}) as (process, err):
            url = await url_of(err)
            made = project.run(specs=2)
            async with FakeCurrents(World()) as server:
                [refused] = await server.emit(made, "RUN_FINISH", to=url)
                [taken] = await server.emit(
                    made, "RUN_FINISH", to=url, headers={"X-Secret": SECRET}
                )
            assert (refused.status, taken.status) == (401, 202)
            assert process.stdout is not None
            event = json.loads(await process.stdout.readline())
            assert (event["event"], event["runId"]) == ("RUN_FINISH", made.run_id)
            process.send_signal(signal.SIGINT)
            said = await process.communicate()
        refusal = b"refused a delivery with 401: the delivery does not carry the secret\n"
        assert (process.returncode, *said) == (0, b"", refusal)

    async def test_who_cannot_print_does_not_accept(self, project: WorldProject) -> None:
        made = project.run(specs=2)
        with open("/dev/full", "wb") as full:  # noqa: ASYNC230, PTH123 - no file
            listener = listening("--port", "0", "--insecure", stdout=full.fileno())
            async with listener as (process, err):
                url = await url_of(err)
                async with FakeCurrents(World()) as server:
                    await server.emit(made, "RUN_FINISH", to=url)
                assert (await err.read()).endswith(b"No space left on device\n")
                assert await process.wait() == 1

    async def test_a_port_in_use(self) -> None:
        async with FakeCurrents() as server:
            port = server.url.split(":")[2].split("/")[0]
            async with listening("--port", port, "--insecure") as (process, err):
                said = (await err.read()).decode()
                assert await process.wait() == 1
        assert port in said
        assert "Traceback" not in said


def test_what_runs_no_command_imports_none() -> None:
    code = """
import sys
from currents_async.cli._app import app, run
run(["--help"])
print(*sys.modules, file=sys.stderr)
for name in app:
    run([name, "--help"])
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "--look-back" in done.stdout
    by_root, by_groups = ({*line.split()} for line in done.stderr.splitlines())
    # The root only names the groups.
    assert not {f"currents_async.cli._{name}" for name in ("options", "runs", "export")} & by_root
    assert "currents_async.cli._runs" in by_groups
    heavy = ("pyarrow", "duckdb", "platformdirs", "asyncio", "aiohttp", "rich.progress")
    rooms = ("currents_async.export", "currents_async.receiver", "currents_async.testing")
    assert not {*heavy, *rooms} & by_groups


def test_an_extra_that_is_missing() -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
from currents_async.cli._app import run
sys.exit(run(["export", "lake"]))
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "python -m pip install 'currents-async[export]'" in done.stderr
    assert done.stderr.count("\n") == 1
