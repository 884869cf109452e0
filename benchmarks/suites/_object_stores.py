"""What a slow object store does to an export."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

import msgspec

from benchmarks.processes import Server
from benchmarks.report import Column, Part, at_most, table
from benchmarks.server import KEY, SINCE, Projects
from currents_async import Currents
from currents_async.export import export

_LATENCY = 0.05
_REACH = 6
TABLES = ("runs", "run_groups", "specs", "tests", "attempts", "artifacts", "errors")


def object_store(server: Server, missing: dict[str, str], *, days: int) -> list[Part]:
    """Export the same days to the disk and to a store."""
    if find_spec("moto") is None or find_spec("flask") is None:
        missing["object store"] = "moto[server] is not installed"
        return []
    service = Projects(projects=1, days=days, since=SINCE)
    [project] = service.fill().projects
    url = server.serve(service)

    async def to(target: str) -> float:
        began = time.perf_counter()
        async with Currents(KEY, base_url=url) as currents:
            await export(
                currents,
                target,
                projects=[project.project_id],
                since=SINCE,
                until=SINCE + timedelta(days=days),
                tables=TABLES,
            )
        return time.perf_counter() - began

    with TemporaryDirectory() as folder, _slow_store() as host:
        asyncio.run(to(f"{folder}/warm"))
        local = asyncio.run(to(f"{folder}/lake"))
        _get(f"http://{host}/-/requests")
        remote = asyncio.run(to(f"s3://bucket/lake?endpoint_override={host}&scheme=http&region=x"))
        requests = int(_get(f"http://{host}/-/requests"))
        uploads = _get(f"http://{host}/bucket?uploads").count("<Upload>")
    shown = table(
        f"{days} windows of {len(TABLES)} tables, as Parquet",
        {"disk": (local, None), f"S3, {_LATENCY * 1e3:.0f} ms a response": (remote, requests)},
        [
            Column("wall s", lambda one: one[0], 2),
            Column("x disk", lambda one: one[0] / local, 2, "x"),
            Column("requests", lambda one: one[1], 0),
        ],
    )
    title = f"S3 at {_LATENCY * 1e3:.0f} ms, {days} windows of {len(TABLES)} tables"
    reach = [
        at_most(f"{title}: wall", remote, _REACH, " s"),
        at_most(f"{title}: unfinished uploads", uploads, 0),
    ]
    measured = {"local": local, "remote": remote, "requests": requests, "uploads": uploads}
    return [Part([shown], reach, {"object_store": measured})]


@contextmanager
def _slow_store() -> Generator[str]:
    os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    command = [sys.executable, "-m", "benchmarks.slow_s3", str(_LATENCY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as store:  # noqa: S603 - ours
        assert store.stdin is not None  # noqa: S101 - a pipe, above
        assert store.stdout is not None  # noqa: S101 - likewise
        try:
            host = msgspec.json.decode(store.stdout.readline(), type=str)
            with urlopen(Request(f"http://{host}/bucket", method="PUT")):
                pass
            yield host
        finally:
            store.stdin.close()


def _get(url: str) -> str:
    with urlopen(url) as response:  # noqa: S310 - ours
        text: str = response.read().decode()
    return text
