import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import docstring_parser
import pytest
from anyio.from_thread import start_blocking_portal

from currents_async.cli import _profiles as profiles
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun
from tests.cli.stdio import CommandLine

# A command imports it when it runs, where duckdb reads its version inside the event loop.
importlib.import_module("currents_async.export")

# For each command line, cyclopts reads the sources of all that its options are made of.
setattr(docstring_parser, "parse_from_object", cache(docstring_parser.parse_from_object))  # noqa: B010 - a function


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file, which is not there yet: never that of who runs the tests."""
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    monkeypatch.setattr(profiles, "config_path", lambda: path)
    return path


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all that commands keep, which is not there yet."""
    path = tmp_path / "cache"
    monkeypatch.setattr(profiles, "cache_path", lambda: path)
    return path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def service(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCurrents]:
    """A server in a thread of its own: a command runs an event loop itself."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(FakeCurrents(world, assets=True)) as server,
    ):
        monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
        monkeypatch.setenv("CURRENTS_API_URL", server.url)
        if world.projects:
            monkeypatch.setenv("CURRENTS_PROJECT_ID", world.projects[0].project_id)
        yield server


@pytest.fixture
def made(project: WorldProject, service: FakeCurrents) -> WorldRun:
    """A run that the service has."""
    return project.run(specs=3, tests=4, failures=2)


@pytest.fixture
def two_runs(project: WorldProject, service: FakeCurrents) -> list[WorldRun]:
    """Two runs of the same branch and tags, the second with more failures."""
    return [project.run(specs=4, failures=number, flaky=number) for number in (1, 3)]
