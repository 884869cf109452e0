"""How command lines are run: mistakes, exit codes, extras, and what is imported."""

import subprocess
import sys

import pytest

from currents_async import __version__
from currents_async.cli import _exit
from currents_async.testing import FakeCurrents
from tests.cli.stdio import CommandLine


class TestMistakes:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["run"],
            ["run", "a", "b"],
            ["run", "a", "--concurrency", "0"],
            ["run", "a", "--concurrency", "many"],
            ["demo", "--specs", "0"],
            ["demo", "--unknown"],
            ["unknown"],
        ],
    )
    def test_usage(self, cli: CommandLine, arguments: list[str]) -> None:
        out, err = cli(*arguments, code=2)
        assert out == ""
        assert err.startswith("currents-async: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err

    def test_an_invalid_run_id(self, service: FakeCurrents, cli: CommandLine) -> None:
        assert "RUN_ID must be" in cli("run", "a/b", code=2).err
        assert service.requests == []

    def test_not_found(self, service: FakeCurrents, cli: CommandLine) -> None:
        out, err = cli("run", "unknown", code=3)
        assert out == ""
        assert err.startswith("currents-async: Run not found (HTTP 404, GET http://127.0.0.1:")
        assert "check the ID" in err

    @pytest.mark.parametrize("status", [401, 403])
    def test_unauthorized_and_forbidden(
        self, service: FakeCurrents, cli: CommandLine, status: int
    ) -> None:
        service.fail("getRun", status=status)
        assert str(status) in cli("run", "a", code=4).err

    def test_no_server_at_the_base_url(
        self, unused_port: int, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
    ) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", "key")
        err = cli("run", "a", "--base-url", f"http://127.0.0.1:{unused_port}", code=1).err
        assert "no connection" in err


def test_exit_codes_are_all_different() -> None:
    codes = [value for name, value in vars(_exit).items() if name.isupper()]
    assert len(codes) == len(set(codes)) == 10


def in_a_process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("module", ["currents_async", "currents_async.cli"])
def test_as_a_module(module: str) -> None:
    done = in_a_process("-m", module, "--version")
    assert done.returncode == 0
    assert done.stdout.strip() == __version__


def test_without_the_extra() -> None:
    code = "import sys; sys.modules['cyclopts'] = None; from currents_async.cli import main; main()"
    done = in_a_process("-c", code, "demo")
    assert done.returncode == 1
    assert "python -m pip install 'currents-async[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_export_extra_is_one_line() -> None:
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


def test_help_imports_no_client_and_no_other_room() -> None:
    code = """
import sys
from currents_async.cli._app import app, run
run(["--help"])
print(*sys.modules, file=sys.stderr)
for name in app:
    run([name, "--help"])
print(*sys.modules, file=sys.stderr)
run(["config", "path"])
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "--look-back" in done.stdout
    by_root, by_groups, by_config = ({*line.split()} for line in done.stderr.splitlines())
    # The root only names the groups.
    assert not {f"currents_async.cli._{name}" for name in ("options", "runs", "export")} & by_root
    assert "currents_async.cli._runs" in by_groups
    heavy = ("pyarrow", "duckdb", "platformdirs", "asyncio", "aiohttp", "rich.progress")
    rooms = ("currents_async.export", "currents_async.receiver", "currents_async.testing")
    assert not {*heavy, *rooms} & by_groups
    assert not {"aiohttp", "currents_async._client"} & by_config
