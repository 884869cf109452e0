"""The standard streams of commands: in other encodings, closed, full, and read by nobody."""

import csv
import fcntl
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from currents_async.cli._streams import machine_stdout
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.support import RUN

CLI = (sys.executable, "-m", "currents_async.cli")
WESTERN = {"PYTHONIOENCODING": "cp1252"}
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
BRANCH = "größer \N{SHOPPING TROLLEY}"
SIGNALS = ((signal.SIGINT, 130), (signal.SIGTERM, 143))


@pytest.fixture(autouse=True)
def service(service: FakeCurrents, world: World) -> FakeCurrents:
    """A server with a run whose branch few encodings have."""
    project_id, meta = world.project().project_id, {"commit": {"branch": BRANCH}}
    world.add_run_payload({**RUN, "projectId": project_id, "meta": meta, "specs": []})
    return service


def done(
    *arguments: str, redirect: str = "", env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command, with redirections as in a shell, and return what came of it."""
    return subprocess.run(  # noqa: S603 - our own
        ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", *CLI, *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        check=False,
        timeout=60,
    )


class TestEncodings:
    GET = ("runs", "get", "r", "--fields", "meta.commit.branch", "-o")

    def test_machine_output_is_utf_8_in_every_locale(self) -> None:
        line = done(*self.GET, "ndjson", env=WESTERN).stdout
        assert line == f'{{"meta.commit.branch":"{BRANCH}"}}\n'.encode()
        cells = done(*self.GET, "csv", env=ASCII).stdout.decode()
        assert list(csv.reader(io.StringIO(cells))) == [["meta.commit.branch"], [BRANCH]]
        response = json.loads(done("api", "GET", "/runs/r", env=WESTERN).stdout.decode())
        assert response["data"]["meta"]["commit"]["branch"] == BRANCH

    def test_tables_replace_characters_that_the_encoding_lacks(self) -> None:
        table = done(*self.GET, "table", env=WESTERN)
        assert (table.returncode, table.stderr) == (0, b"")
        assert "größer ?".encode("cp1252") in table.stdout

    def test_a_report_on_a_run_is_printed_in_ascii(self, project: WorldProject) -> None:
        report = done("run", project.run(specs=3).run_id, env=ASCII)
        assert (report.returncode, report.stderr) == (0, b"")
        assert report.stdout.isascii()

    def test_errors_replace_characters_that_the_encoding_lacks(self, service: FakeCurrents) -> None:
        body = json.dumps({"status": "FAILED", "error": BRANCH}, ensure_ascii=False).encode()
        service.fail("getRun", status=404, body=body)
        said = done("runs", "get", "r", env=WESTERN)
        assert (said.returncode, said.stdout) == (3, b"")
        assert "größer ?".encode("cp1252") in said.stderr

    def test_lines_end_in_a_line_feed_on_every_system(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raw = io.BytesIO()
        windows = io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n")
        monkeypatch.setattr("sys.stdout", windows)
        machine_stdout().write(f"{BRANCH}\n")
        windows.flush()
        assert raw.getvalue() == f"{BRANCH}\n".encode()


class TestStreamsThatAreNotThere:
    @pytest.mark.parametrize("redirect", [">&-", "<&- >&- 2>&-"])
    @pytest.mark.parametrize(
        "arguments", [("runs", "get", "r"), ("demo", "--specs", "2")], ids=" ".join
    )
    def test_commands_run_without_standard_streams(
        self, redirect: str, arguments: Sequence[str]
    ) -> None:
        result = done(*arguments, redirect=redirect)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")

    @pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full"])
    def test_errors_never_go_to_stdout_instead_of_stderr(self, redirect: str) -> None:
        missing = done("runs", "get", "nope", redirect=redirect)
        assert (missing.returncode, missing.stdout) == (3, b"")
        misused = done("runs", "nope", redirect=redirect)
        assert (misused.returncode, misused.stdout) == (2, b"")

    def test_prompts_and_bodies_need_stdin(self) -> None:
        for arguments, message in (
            (("runs", "cancel", "r"), b"pass --yes"),
            (("api", "POST", "/actions", "--input", "-"), b"currents-async: -: "),
        ):
            result = done(*arguments, redirect="<&-")
            assert result.returncode == 2
            assert message in result.stderr


class TestStreamsThatTakeNothing:
    @pytest.mark.parametrize("arguments", [("runs", "get", "r"), ("--help",)], ids=" ".join)
    def test_a_full_disk_is_one_line(self, arguments: Sequence[str]) -> None:
        result = done(*arguments, redirect=">/dev/full")
        assert result.returncode == 1
        assert result.stderr == b"currents-async: [Errno 28] No space left on device\n"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("runs", "get", "r"),
            ("runs", "get", "r", "-o", "table"),
            ("run", "r"),
            ("--help",),
        ],
        ids=" ".join,
    )
    def test_a_closed_stdout_is_no_error(self, arguments: Sequence[str]) -> None:
        with running(*CLI, *arguments, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait(60) == 141
            assert process.stderr is not None
            assert process.stderr.read() == b""


class TestReadersThatStandStill:
    @pytest.mark.parametrize(("number", "code"), SIGNALS)
    @pytest.mark.parametrize(
        "arguments",
        [
            ("export", "-", "--format", "arrow", "--table", "attempts", "--since", "2026-01-05"),
            ("runs", "list"),
        ],
        ids=" ".join,
    )
    def test_one_signal_ends_a_command_whose_reader_is_stuck(
        self,
        project: WorldProject,
        monkeypatch: pytest.MonkeyPatch,
        arguments: Sequence[str],
        number: signal.Signals,
        code: int,
    ) -> None:
        for _ in range(8):
            project.run(specs=5)
        monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
        until = ("--until", "2026-01-07") if "export" in arguments else ()
        with stuck(*arguments, *until) as process:
            process.send_signal(number)
            assert process.wait(30) == code

    def test_ctrl_c_ends_a_stuck_completion_script(self) -> None:
        with stuck("completion", "bash") as process:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130


@contextmanager
def running(
    *command: str, stdout: int = subprocess.PIPE, stderr: int | None = None
) -> Generator["subprocess.Popen[bytes]"]:
    """Run a process, and kill it when the test leaves it running."""
    with subprocess.Popen(command, stdout=stdout, stderr=stderr) as process:  # noqa: S603 - our own
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def stuck(*arguments: str) -> Generator["subprocess.Popen[bytes]"]:
    """Run a command whose output is read for one byte, which leaves its next write waiting."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with (
        open(reader, "rb", buffering=0) as read,  # noqa: PTH123 - it has no path
        running(*CLI, *arguments, stdout=writer, stderr=subprocess.DEVNULL) as process,
    ):
        os.close(writer)
        assert len(read.read(1)) == 1
        yield process


class TestSignals:
    def test_a_second_signal_ends_a_command_that_hangs(self) -> None:
        code = """
import asyncio, threading
from currents_async._threads import in_thread
from currents_async.cli import _execute

async def for_ever():
    print("begun", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("ending", flush=True)
        await in_thread(threading.Event().wait)

_execute._ONE_MOMENT = 0
_execute.execute(for_ever())
"""
        with running(sys.executable, "-c", code) as process:
            assert process.stdout is not None
            for said in (b"begun\n", b"ending\n"):
                assert process.stdout.readline() == said
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 143

    def test_ctrl_c_before_a_command_begins_is_no_traceback(self) -> None:
        code = """
import sys
from types import ModuleType

class Slow(ModuleType):
    def __getattr__(self, name):
        raise KeyboardInterrupt

sys.modules["currents_async.cli._app"] = Slow("_app")
from currents_async.cli import main
main()
"""
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)  # noqa: S603 - our own
        assert (result.returncode, result.stdout, result.stderr) == (130, b"", b"")
