"""`--cache` and `cache`: runs that have ended, kept on the disk."""

import re
from pathlib import Path

import pytest

from currents_async._cache.database import FILE
from currents_async.testing import FakeCurrents, WorldRun
from tests.cli.stdio import CommandLine


def test_runs_that_have_ended_are_fetched_once(
    service: FakeCurrents, two_runs: list[WorldRun], cli: CommandLine
) -> None:
    command = ["runs", "diff", *(run.run_id for run in two_runs), "--cache"]
    first = cli(*command)
    sent = len(service.requests)
    out, err = cli(*command, "-v")
    assert out == first.out
    assert len(service.requests) == sent == 10
    assert len(re.findall(r"GET /v1/\w+/\w+: from the cache in \d+ ms", err)) == 10


def test_a_profile_can_ask_for_it(
    service: FakeCurrents, made: WorldRun, cli: CommandLine, cache_folder: Path
) -> None:
    cli("run", made.run_id)
    assert not cache_folder.exists()
    cli("config", "set", "cache", "true")
    for _ in range(2):
        cli("run", made.run_id)
    assert len(service.requests) == 8


def test_another_key_finds_nothing(
    service: FakeCurrents, made: WorldRun, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("runs", "get", made.run_id, "--cache")
    monkeypatch.setenv("CURRENTS_API_KEY", "another")
    cli("runs", "get", made.run_id, "--cache", code=4)


def test_a_cache_that_cannot_be_used(
    service: FakeCurrents, made: WorldRun, cli: CommandLine, cache_folder: Path
) -> None:
    cache_folder.touch()
    assert made.run_id in cli("runs", "get", made.run_id, "--cache").out


def test_the_folder_can_be_emptied(
    service: FakeCurrents, made: WorldRun, cli: CommandLine, cache_folder: Path
) -> None:
    assert cli("cache", "path").out == f"{cache_folder}\n"
    assert cli("cache", "clear").err == f"0 bytes freed in {cache_folder}\n"
    cli("runs", "get", made.run_id, "--cache")
    cli("api", "GET", "/projects", "--cache", "1h")
    assert re.fullmatch(rf"\d.* freed in {cache_folder}\n", cli("cache", "clear").err)
    sent = len(service.requests)
    cli("runs", "get", made.run_id, "--cache")
    cli("api", "GET", "/projects", "--cache", "1h")
    assert len(service.requests) == sent + 2


def test_a_folder_that_cannot_be_emptied(cli: CommandLine, cache_folder: Path) -> None:
    (cache_folder / "runs" / FILE).mkdir(parents=True)
    assert "Is a directory" in cli("cache", "clear", code=1).err
