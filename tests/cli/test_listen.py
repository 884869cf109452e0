"""`webhooks listen`, in a process of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from currents_async.testing import FakeCurrents, World, WorldProject

CLI = (sys.executable, "-m", "currents_async.cli")


SECRET = "hook-secret-7f3a"


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

    async def test_a_full_disk_stops_listening(self, project: WorldProject) -> None:
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
