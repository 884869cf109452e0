import asyncio
import gc
import importlib
import os
import shutil
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import trustme
from aiohttp import web
from blockbuster import BlockBuster
from hypothesis import HealthCheck, settings

import currents_async
from currents_async import Currents
from currents_async.testing import FakeCurrents, World, WorldProject

pytest_plugins = ["tests.guard.plugin"]


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Do what Python does, but not as its own handler: asyncio replaces that for every fixture."""
    raise KeyboardInterrupt


# Shells let background jobs ignore Ctrl-C, and our child processes would inherit that.
signal.signal(signal.SIGINT, interrupt)

# pyarrow imports it with its first array, where it is installed: not amid a test's event loop.
with suppress(ModuleNotFoundError):
    importlib.import_module("pandas")

# Exports wait for the disk at each file: memory is faster, where there is enough of it.
MEMORY, MUCH = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 - pytest makes a directory in it
if (
    "TMPDIR" not in os.environ
    and MEMORY.is_dir()
    and shutil.disk_usage(MEMORY).free > MUCH
    and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
):
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# What tests start compiles the library once, not once for each process.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Timing belongs in benchmarks/: a slow machine is no failure.
# A commit has one verdict: what is made up anew each time is for `fuzz`.
settings.register_profile(
    "suite",
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name no test after compressed bytes: gzip writes the time, and workers would disagree."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and b"\x1f\x8b" in val else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names with a memory address, on which workers would disagree."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    assert not unstable, unstable


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the thousands of tests that are collected out of every collection of garbage."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.enable()
    return result


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CURRENTS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    """Make a blocking call of the library inside the event loop an error."""
    # Once a session: for each of thousands of tests it would take most of their time.
    detector = BlockBuster("currents_async")
    for function in detector.functions.values():
        function.can_block_predicate = beyond_the_library(function.can_block_predicate)
    # pyarrow imports pandas, if it is there, when it is first used, which reads a time zone.
    detector.functions["io.BufferedReader.read"].can_block_in("dateutil/tz/tz.py", "_read_tzfile")
    detector.activate()
    yield detector
    detector.deactivate()


LIBRARY = str(Path(currents_async.__file__).parent)


def beyond_the_library(can_block: Callable[..., bool]) -> Callable[..., bool]:
    """Let what the library has not called block at once: its stack is searched slowly."""

    def predicate(*args: Any, **kwargs: Any) -> bool:
        if can_block(*args, **kwargs):
            return True
        frame: FrameType | None = sys._getframe()
        while frame is not None and not frame.f_code.co_filename.startswith(LIBRARY):
            frame = frame.f_back
        return frame is None

    return predicate


@pytest.fixture
def only_new_garbage() -> None:
    """Let `gc.collect` look at what the test makes, not at all that was made before it."""
    gc.freeze()


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def world() -> World:
    return World(seed=1)


@pytest.fixture
def project(world: World) -> WorldProject:
    return world.project(name="Web shop")


@pytest.fixture
async def server(world: World, no_task_is_left: None) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world) as server:
        yield server


@pytest.fixture
async def currents(server: FakeCurrents) -> AsyncIterator[Currents]:
    async with Currents(server.api_key, base_url=server.url) as currents:
        yield currents


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections: it is bound, and does not listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def tls_server(authority: trustme.CA) -> AsyncIterator[str]:
    """A server behind a certificate that only `trusting` trusts; it sends 500 to every request."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    async def fail(_: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    runner = web.ServerRunner(web.Server(fail))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://localhost:{runner.addresses[0][1]}"
    await runner.cleanup()
