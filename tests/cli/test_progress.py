"""Each command against a slow server: it says what it waits for, and leaves nothing of that."""

import asyncio
import io
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from currents_async import RateInUse, Traffic
from currents_async.cli import _progress
from currents_async.cli._progress import waiting
from currents_async.cli._progress.line import Line, line_was_typed
from currents_async.cli._progress.words import Standing, Work
from currents_async.testing import FakeCurrents, ManualClock, World, WorldProject, WorldRun
from currents_async.testing.limiters import TokenBucket
from tests.cli.terminal import STEP, Terminal, TimedCommands
from tests.cli.test_help import COMMANDS

NONE = {
    name
    for name in COMMANDS
    if name.startswith(("cache ", "config ", "lake ", "mock ", "open "))
    or name in {"auth login", "auth logout", "completion", "demo", "report trends"}
    or name == "webhooks listen"
}
"""Commands that open no client, or none of a service, or first ask for its key."""
ID = "00000000-0000-4000-8000-000000000000"
JIRA = "--installation i"
ISSUE = f"{JIRA} --run {{run}} --test {{test}} --jira-project p --issue-type t"
ARGUMENTS = {
    "actions create": "{action}",
    "actions delete": "x --yes",
    "actions disable": "x",
    "actions enable": "x",
    "actions executions": "x",
    "actions get": "x",
    "actions update": "x {action}",
    "api": "GET /projects",
    "assets download": "{run} --to {folder}",
    "attach": "{action} --run {run}",
    "context": "{run}",
    "export": "{folder}/lake --since 2026-01-01 --until 2026-01-20",
    "instances get": "{instance}",
    "jira create": ISSUE,
    "jira issue-types": f"p {JIRA}",
    "jira link": f"ISSUE-1 {ISSUE}",
    "jira projects": JIRA,
    "projects get": "{project}",
    "quarantine apply": "--yes",
    "report flaky": "--html {folder}/flaky.html",
    "report run": "{run} --html {folder}/run.html",
    "run": "{run}",
    "runs cancel": "{run} --yes",
    "runs delete": "{run} --yes",
    "runs diff": "{earlier} {run}",
    "runs get": "{run}",
    "runs reset": "{run} --machine m --yes",
    "runs watch": "{run}",
    "sessions create": "Check --status passed",
    "share": "fix {run}",
    "terms list": "tag",
    "tests changes": "--since 2026-01-04",
    "tests history": "x",
    "traces digest": "{instance} {test}",
    "traces download": "{instance} {test} --to {folder}",
    "traces link": "{instance} {test}",
    "webhooks create": "https://example.com/hook",
    "webhooks delete": f"{ID} --yes",
    "webhooks get": ID,
    "webhooks update": f"{ID} --label y",
}
"""What commands are given besides their name."""
ACTION = """{"name": "a", "action": [{"op": "skip"}],
"matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "a.ts"}]}}"""
STATUS = re.compile(r"waiting for the service|working|paused|\d requests?, |\bleft\b")


@pytest.fixture
async def timed(
    world: World, project: WorldProject, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TimedCommands]:
    """Commands on a service that bears 10 requests per second and takes half a second for each."""
    clock = ManualClock(auto=False)
    limiter = TokenBucket(rate=10, burst=10)
    async with FakeCurrents(world, assets=True, rate_limit=limiter, clock=clock) as server:
        monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
        monkeypatch.setenv("CURRENTS_API_URL", server.url)
        monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
        yield TimedCommands(server, clock, monkeypatch)


@pytest.fixture
def words(project: WorldProject, tmp_path: Path) -> dict[str, str]:
    """What the arguments of commands are about."""
    earlier, run = (project.run(specs=20, tests=2, failures=2) for _ in range(2))
    action = tmp_path / "action.json"
    action.write_text(ACTION)
    return {
        "project": project.project_id,
        "earlier": earlier.run_id,
        "run": run.run_id,
        "instance": run.specs[0].instance_id or "",
        "test": "t",
        "folder": str(tmp_path),
        "action": str(action),
    }


def test_every_command_is_known() -> None:
    assert {*ARGUMENTS} <= COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS - NONE))
async def test_every_command_shows_life_within_half_a_second(
    name: str, timed: TimedCommands, words: dict[str, str]
) -> None:
    terminal = Terminal(80, timed.clock.now)
    timed.attach(terminal)
    arguments = [part.format(**words) for part in ARGUMENTS.get(name, "").split()]
    await timed.run([*name.split(), *arguments])
    assert timed.opened_at >= 0, terminal.lines
    # The clock of the test may go on by a step while the client is opened.
    assert 0.5 <= terminal.times[0] - timed.opened_at + 1e-6 < 0.5 + 2 * STEP
    assert STATUS.search(terminal.drawn[0])
    assert not [line for line in terminal.lines if STATUS.search(line)]


SLOW = {
    "table": "runs list",
    "card": "runs get {run}",
    "report": "run {run}",
    "files": "assets download {run} --to {folder}",
    "export": "export {folder}/lake --since 2026-01-01 --until 2026-01-20 --fields windows,runs",
}


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("name", SLOW)
async def test_nothing_of_a_line_is_left_and_none_wraps(
    name: str, columns: int, timed: TimedCommands, words: dict[str, str]
) -> None:
    """What is on the screen in the end is what the command prints where there is no line."""
    terminal, quiet = Terminal(columns, timed.clock.now), Terminal(columns)
    arguments = [part.format(**words) for part in SLOW[name].split()]
    timed.attach(terminal)
    assert await timed.run(arguments) == 0
    drawn = [line for line in terminal.drawn if STATUS.search(line)]
    assert drawn
    assert max(map(cell_len, drawn)) < columns
    shutil.rmtree(Path(words["folder"]) / "lake", ignore_errors=True)
    timed.attach(quiet, stderr=io.StringIO())
    await timed.run(arguments)
    assert without_numbers(terminal.lines) == without_numbers(quiet.lines)


@pytest.mark.parametrize("columns", [40, 80, 120])
async def test_an_error_stands_alone(columns: int, timed: TimedCommands) -> None:
    terminal = Terminal(columns)
    timed.attach(terminal)
    assert await timed.run(["runs", "get", "x"]) == 1
    assert terminal.lines[0].startswith("currents-async: getRun (GET http")
    assert "waiting" in terminal.written


def without_numbers(lines: list[str]) -> list[str]:
    """Return lines without what differs between two runs of a command, as does their order."""
    return sorted(re.sub(r"[0-9.,]+ m?s\b", "", line) for line in lines)


class Pipe(io.StringIO):
    """What is written for another program."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = os.pipe()

    def fileno(self) -> int:
        return self._ends[1]

    def close(self) -> None:
        super().close()
        for end in self._ends:
            os.close(end)


class TestElsewhere:
    async def test_a_log_has_a_line_every_10_seconds(
        self, timed: TimedCommands, words: dict[str, str]
    ) -> None:
        log = io.StringIO()
        timed.attach(Terminal(80), stderr=log)
        timed.latency.seconds = 24
        await timed.run(["runs", "get", words["run"]])
        assert log.getvalue().splitlines() == [
            "waiting for the service; 1 request, 0 bytes, 10 s",
            "waiting for the service; 1 request, 0 bytes, 20 s",
        ]

    async def test_a_dumb_terminal_is_a_log(
        self, timed: TimedCommands, words: dict[str, str]
    ) -> None:
        terminal = Terminal(80)
        timed.attach(terminal, term="dumb")
        timed.latency.seconds = 12
        await timed.run(["runs", "get", words["run"], "-o", "json"])
        line = "waiting for the service; 1 request, 0 bytes, 10 s\n"
        assert terminal.written.startswith(line)
        assert "\x1b" not in terminal.written
        assert "\r" not in terminal.written

    async def test_no_color(
        self, timed: TimedCommands, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        terminal = Terminal(120)
        timed.attach(terminal)
        await timed.run(["run", words["run"], "-o", "json"])
        assert any("━" in line for line in terminal.drawn)
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.written)

    async def test_stdout_is_a_file(self, timed: TimedCommands, words: dict[str, str]) -> None:
        terminal, out = Terminal(80), io.StringIO()
        timed.attach(terminal, stdout=out)
        await timed.run(["assets", "download", words["run"], "--to", words["folder"]])
        assert len(out.getvalue().splitlines()) == 20
        assert any(re.match(r"([1-9]|.*/)\d* assets", line) for line in terminal.drawn)
        assert terminal.lines == [""]

    async def test_stdout_is_a_program_that_may_use_the_terminal(
        self, timed: TimedCommands, words: dict[str, str]
    ) -> None:
        terminal = Terminal(80)
        with Pipe() as pipe:
            timed.attach(terminal, stdout=pipe)
            await timed.run(["assets", "download", words["run"], "--to", words["folder"]])
            assert len(pipe.getvalue().splitlines()) == 20
        assert terminal.lines == [""]
        counts = [line for line in terminal.drawn if "assets" in line]
        assert counts
        assert {line.partition(" ")[0] for line in counts} == {"0"}

    async def test_a_prompt_is_left_alone_and_the_line_comes_back(
        self, timed: TimedCommands, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal = Terminal(80)
        timed.attach(terminal)
        status = Line(sys.stderr)
        with status.guarded():
            status.draw(Text("waiting"))
            sys.stderr.write("Go on? [y/N] ")
            status.draw(Text("waiting"))
            assert terminal.lines == ["Go on? [y/N]"]
            terminal.feed("y\n")
            line_was_typed()
            status.draw(Text("waiting"))
            assert terminal.lines == ["Go on? [y/N] y", "waiting"]
            sys.stdout.write("done\n")
            status.draw(Text("waiting"))
        assert terminal.lines == ["Go on? [y/N] y", "done"]

    async def test_ascii(self) -> None:
        rate = RateInUse(
            per_second=None,
            reason="found",
            pause_left=2.2,
            in_flight=1,
            slots=None,
            window=None,
            throttles=1,
        )
        work = Work("instances", 0.0, done=30, total=40, detail="2 failed")
        standing = Standing(
            work=work, rate=rate, traffic=Traffic(requests=31, cached=9), began=0.0, now=180.0
        )
        for width, text in {
            120: "##########--- 30/40 instances, 2 failed, 1 min left; "
            "paused 3 s: the server asked; 31 requests, 9 cached, 0 bytes, 3 min",
            70: "30/40 instances, 2 failed, 1 min left; paused 3 s: the server asked",
            60: "30/40 instances, 1 min left; paused 3 s: the server asked",
            20: "30/40 instances; pa.",
        }.items():
            assert standing.line(width, is_ascii=True).plain == text


async def test_what_no_client_does_shows_life_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_FIRST", 0.0)
    terminal = Terminal(40)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stderr", terminal.file())
    with waiting("reading " + "lake" * 10):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert terminal.lines == ["reading " + "lake" * 7 + "lak"]
    assert terminal.lines == [""]
    with waiting("writing page.html"):
        pass
    await asyncio.sleep(0)
    assert "writing" not in terminal.written


class TestWatch:
    @pytest.fixture
    def going_on(self, project: WorldProject, timed: TimedCommands) -> WorldRun:
        """A run of 8 specs, which completes two of them every 20 seconds."""
        run = project.run(
            specs=8,
            tests=3,
            failures=2,
            running=True,
            completed=2,
            created_at=datetime.fromtimestamp(timed.clock.wall(), UTC),
        )

        def complete_two() -> None:
            run.complete(2)

        for step in range(1, 4):
            timed.clock.call_later(20 * step, complete_two)
        return run

    async def test_a_header_says_how_far_it_is(
        self, going_on: WorldRun, timed: TimedCommands
    ) -> None:
        terminal = Terminal(100, timed.clock.now)
        timed.attach(terminal)
        await timed.run(["runs", "watch", going_on.run_id])
        counts = set()
        for line, now in zip(terminal.drawn, terminal.times, strict=True):
            if found := re.search(r"(\d)/8 specs, (\d+) s left", line):
                done, left = map(int, found.groups())
                # The run began when the clock did.
                assert left == pytest.approx(now * (8 - done) / done, abs=0.51)
                counts.add(done)
        assert counts == {2, 4, 6}, "two complete at once"
        *lines, end = terminal.lines
        assert len(lines) == 8
        assert end == f"run {going_on.run_id}: failed"
        assert max(map(cell_len, lines)) <= 100
        pattern = r"(✓ passed|~ flaky |✗ failed)  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S.*\.spec\.ts  "
        for line in lines:
            assert re.match(pattern + r"\d passed(, \d (failed|flaky))?  [0-9.]+m?s$", line)

    async def test_without_a_terminal_there_are_the_same_lines(
        self, words: dict[str, str], timed: TimedCommands
    ) -> None:
        terminal, out = Terminal(100), io.StringIO()
        timed.attach(terminal)
        await timed.run(["runs", "watch", words["run"], "-o", "wide"])
        timed.attach(Terminal(100), stdout=out, stderr=io.StringIO())
        await timed.run(["runs", "watch", words["run"], "-o", "table"])
        assert "".join(out.getvalue().split()) in "".join("".join(terminal.lines).split())
