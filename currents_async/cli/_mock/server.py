"""`mock serve`: the server, from its first line to its exit code."""

import secrets
import shlex
import sys
from contextlib import AsyncExitStack

import msgspec

from currents_async._config import is_loopback
from currents_async.cli import _exit
from currents_async.cli._execute import stop_signals
from currents_async.cli._messages import listening_words
from currents_async.cli._mock.log import note_delivery, request_log
from currents_async.cli._streams import complain, machine_stdout
from currents_async.errors import InvalidArgumentError
from currents_async.testing import Delivery, FakeCurrents
from currents_async.testing._admin.admin import ROOT
from currents_async.testing.limiters import Limiter, parse_limiter

_VERSION = "/v1"
_KNOWN_KEY = "fake-currents-api-key"
_OK = range(200, 300)
_MAX_PORT = 65535


async def serve_until_stopped(
    server: FakeCurrents, host: str, *, is_open: bool, assets: bool, log: bool, as_json: bool
) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    async with AsyncExitStack() as stack:
        stopped = stack.enter_context(stop_signals())

        def say(delivery: Delivery) -> None:
            if log or delivery.status not in _OK:
                note_delivery(delivery)

        server.on_delivery = say
        try:
            await stack.enter_async_context(server)
        except OSError as error:
            options = "--port or --asset-port" if assets else "--port"
            complain(listening_words(error, host, options))
            return _exit.FAILED
        if log:
            await stack.enter_async_context(request_log(server))
        announcement = _announce(server, assets=assets, is_open=is_open)
        if as_json:
            machine_stdout().write(msgspec.json.encode(announcement).decode() + "\n")
        else:
            sys.stdout.write(announcement.as_text())
        sys.stdout.flush()  # a script may wait for it at the other end of a pipe
        await stopped.wait()
    return _exit.OK


def choose_key(host: str) -> str:
    """Return the key that clients must send: one that everybody knows only on this machine."""
    return secrets.token_urlsafe(24) if lets_others_in(host) else _KNOWN_KEY


def lets_others_in(host: str) -> bool:
    """Return whether other machines reach a server that listens on an address."""
    return not is_loopback(host)


def choose_asset_port(port: int, asset_port: int | None) -> int:
    """Return the port for assets. Raises `InvalidArgumentError`."""
    if asset_port is None:
        asset_port = port and port + 1
    if asset_port > _MAX_PORT:
        raise InvalidArgumentError(f"--port {port} has no next port: pass --asset-port")
    if asset_port == port and port:
        raise InvalidArgumentError(f"--asset-port must be another port than --port, not {port}")
    return asset_port


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
    admin_url: str
    """Where the server is controlled: a GET lists what can be done."""
    asset_url: str | None = None
    """Where assets are served, if they are."""
    is_open: bool = False
    """Whether other machines are let in."""

    def as_text(self) -> str:
        """Return it as people read it."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        lines += ["", f"API at {self.url}", f"control at {self.admin_url}"]
        if self.asset_url is not None:
            lines += [f"assets at {self.asset_url}"]
        if self.is_open:
            lines += ["other machines need the name of this one there, and --allow-http"]
        lines += ["", *(f"project {one.project_id}  {one.name}" for one in self.projects)]
        lines += [f"run {self.run_id}"]
        if self.run_in_progress is not None:
            lines += [f"run {self.run_in_progress}  in progress"]
        lines += [f"Jira installation {self.jira_installation_id}"]
        lines += [f"runs from {self.date_start} to {self.date_end}"]
        return "\n".join([*lines, "", "Ctrl-C ends it.", ""])


def _announce(server: FakeCurrents, *, assets: bool, is_open: bool) -> Announcement:
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
        admin_url=server.url.removesuffix(_VERSION) + ROOT + "/",
        asset_url=server.asset_url if assets else None,
        is_open=is_open,
    )
