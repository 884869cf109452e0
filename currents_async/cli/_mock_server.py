"""`mock serve`: the organisation it makes up, the server, what it announces, and its log."""

import asyncio
import shlex
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from urllib.parse import quote, urlencode

import msgspec

from currents_async.cli import _exit
from currents_async.cli._execute import stop_signals
from currents_async.cli._streams import complain, machine_stdout
from currents_async.errors import InvalidArgumentError
from currents_async.testing import FakeCurrents, RecordedRequest, World
from currents_async.testing.limiters import Limiter, parse_limiter

_VERSION = "/v1"
_LOOK_EVERY_SECONDS = 0.05
_RUNS_OF_A_PULL_REQUEST = 2


_ANNOTATIONS = [
    ("owner", "Web"),
    ("issue", "WEB-1"),
    ("currents:metric", '{"name": "page load", "value": 812.5, "unit": "ms"}'),
]


def make_organisation(
    *, seed: int, projects: int, runs: int, specs: int, recent: bool = False
) -> World:
    """Make projects with an hourly history of runs, and connect a Jira.

    Every third project is for Cypress. The newest run of each is in progress, unless it is the only
    one. Two runs are of `main`, then two of a pull request, and so on.
    """
    world = World(seed)
    world.jira()
    for number in range(1, projects + 1):
        project = world.project()
        is_cypress = number % 3 == 0
        for index in range(runs):
            age = runs - 1 - index
            in_progress = age == 0 and runs > 1
            pair = index // _RUNS_OF_A_PULL_REQUEST
            pull_request = pair // 2 + 1 if pair % 2 else None
            project.run(
                specs=specs,
                framework="cypress" if is_cypress else "playwright",
                branch="main" if pull_request is None else f"feature/{pull_request}",
                tags=["nightly"] if pull_request is None else ["smoke", "ci"],
                pull_request=pull_request,
                github_run=(str(number * 1_000_000 + index), 1),
                environments=["production" if pull_request is None else "staging"],
                annotations=[] if is_cypress else _ANNOTATIONS,
                running=in_progress,
                unclaimed=specs // 4 if in_progress else 0,
                created_at=_hours_ago(age) if recent else None,
            )
    return world


def _hours_ago(hours: int) -> datetime:
    # From the hour before this one, so that even a complete run has ended by now.
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return now - timedelta(hours=hours + 1)


async def serve_until_stopped(
    server: FakeCurrents, *, assets: bool, log: bool, as_json: bool
) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    async with AsyncExitStack() as stack:
        stopped = stack.enter_context(stop_signals())
        try:
            await stack.enter_async_context(server)
        except OSError as error:
            besides = " (--assets takes the port after --port too)" if assets else ""
            complain(f"cannot serve: {error.strerror}{besides}")
            return _exit.FAILED
        if log:
            await stack.enter_async_context(request_log(server))
        announcement = _announce(server, assets=assets)
        if as_json:
            machine_stdout().write(msgspec.json.encode(announcement).decode() + "\n")
        else:
            sys.stdout.write(announcement.as_text())
        sys.stdout.flush()  # a script may wait for it at the other end of a pipe
        await stopped.wait()
    return _exit.OK


def read_limiter(option: str, text: str) -> Limiter:
    """Read a rate limiter. Raises `InvalidArgumentError`."""
    try:
        return parse_limiter(text)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{option}: {error}") from None


class _ServedProject(msgspec.Struct, frozen=True):
    """A project of the organisation."""

    project_id: str
    name: str


class Announcement(msgspec.Struct, frozen=True):
    """Where a server is, and what can be asked of it."""

    url: str
    api_key: str
    environment: dict[str, str]
    """The variables that clients read."""
    projects: list[_ServedProject]
    run_id: str
    """The newest complete run of the first project."""
    run_in_progress: str | None
    """The ID of the run after that, if there is one."""
    date_start: str
    """When the first runs began: with `date_end`, the range that has them all."""
    date_end: str
    jira_installation_id: str
    asset_url: str | None = None
    """Where assets are served, if they are."""

    def as_text(self) -> str:
        """Return it as people read it."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        lines += ["", *(f"project {one.project_id}  {one.name}" for one in self.projects)]
        lines += [f"run {self.run_id}"]
        if self.run_in_progress is not None:
            lines += [f"run {self.run_in_progress}  in progress"]
        lines += [f"Jira installation {self.jira_installation_id}"]
        lines += [f"runs from {self.date_start} to {self.date_end}"]
        if self.asset_url is not None:
            lines += [f"assets at {self.asset_url}"]
        return "\n".join([*lines, "", "Ctrl-C ends it.", ""])


def _announce(server: FakeCurrents, *, assets: bool) -> Announcement:
    """Describe a server that is ready, with an organisation of `make_organisation`."""
    projects = server.world.projects
    runs = projects[0].runs
    in_progress = runs[-1] if len(runs) > 1 else None
    return Announcement(
        url=server.url,
        api_key=server.api_key,
        environment={
            "CURRENTS_API_URL": server.url,
            # What `@currents/cmd` reads, which adds the version itself.
            "CURRENTS_REST_API_URL": server.url.removesuffix(_VERSION),
            "CURRENTS_API_KEY": server.api_key,
            "CURRENTS_PROJECT_ID": projects[0].project_id,
        },
        projects=[_ServedProject(project.project_id, project.name) for project in projects],
        run_id=runs[-1 if in_progress is None else -2].run_id,
        run_in_progress=None if in_progress is None else in_progress.run_id,
        date_start=runs[0].created_at,
        date_end=runs[-1].created_at,
        jira_installation_id=server.world.jiras[0].installation_id,
        asset_url=server.asset_url if assets else None,
    )


@asynccontextmanager
async def request_log(server: FakeCurrents) -> AsyncGenerator[None]:
    """Write lines as long as the context is open, and what is left when it ends."""
    logs = _Log(server.requests), _Log(server.asset_requests)
    task = asyncio.create_task(_keep_writing(logs))
    try:
        yield
    finally:
        task.cancel()
        _write_new(logs)


class _Log:
    """The requests that have finished since the last look."""

    def __init__(self, requests: list[RecordedRequest]) -> None:
        self._requests = requests
        self._last_mark = 0
        self._open: list[RecordedRequest] = []

    def finished(self) -> list[RecordedRequest]:
        # By their marks: the server forgets the first of too many.
        new = list(takewhile(lambda one: one.started > self._last_mark, reversed(self._requests)))
        if new:
            self._last_mark = new[0].started
        seen = self._open + new[::-1]
        self._open = [request for request in seen if request.finished is None]
        return [request for request in seen if request.finished is not None]


async def _keep_writing(logs: tuple[_Log, ...]) -> None:
    while True:
        _write_new(logs)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _write_new(logs: tuple[_Log, ...]) -> None:
    for log in logs:
        for request in log.finished():
            print(_line(request), file=sys.stderr, flush=True)  # noqa: T201 - a command line prints


def _line(request: RecordedRequest) -> str:
    # Quoted again: what a client sends must not draw on the terminal.
    query = f"?{urlencode(request.query)}" if request.query else ""
    status = request.status or "aborted"
    return f"{request.method} {quote(request.path)}{query} {status} {request.bytes_sent} bytes"
