"""What a client has to be told about a server, for people and for scripts."""

import shlex

import msgspec

from currents_async.testing import FakeCurrents, WorldProject

_VERSION = "/v1"


class Project(msgspec.Struct, frozen=True):
    """A project of the organisation."""

    project_id: str
    name: str


class Announcement(msgspec.Struct, frozen=True):
    """Where a server is, and what can be asked of it."""

    url: str
    api_key: str
    environment: dict[str, str]
    """The variables that clients read."""
    projects: list[Project]
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


def announce(server: FakeCurrents, *, assets: bool = False) -> Announcement:
    """Tell of a server that is ready, with an organisation of `make_organisation`."""
    projects = server.world.projects
    runs = projects[0].runs
    in_progress = runs[-1] if len(runs) > 1 else None
    return Announcement(
        url=server.url,
        api_key=server.api_key,
        environment=_environment(server, projects[0]),
        projects=[Project(project.project_id, project.name) for project in projects],
        run_id=runs[-1 if in_progress is None else -2].run_id,
        run_in_progress=None if in_progress is None else in_progress.run_id,
        date_start=runs[0].created_at,
        date_end=runs[-1].created_at,
        jira_installation_id=server.world.jiras[0].installation_id,
        asset_url=server.asset_url if assets else None,
    )


def _environment(server: FakeCurrents, project: WorldProject) -> dict[str, str]:
    return {
        "CURRENTS_API_URL": server.url,
        # What `@currents/cmd` reads, which adds the version itself.
        "CURRENTS_REST_API_URL": server.url.removesuffix(_VERSION),
        "CURRENTS_API_KEY": server.api_key,
        "CURRENTS_PROJECT_ID": project.project_id,
    }


def write_text(told: Announcement) -> str:
    """Write it down for people."""
    return "\n".join([
        *(f"export {name}={shlex.quote(value)}" for name, value in told.environment.items()),
        "",
        *(f"project {project.project_id}  {project.name}" for project in told.projects),
        f"run {told.run_id}",
        *([] if told.run_in_progress is None else [f"run {told.run_in_progress}  in progress"]),
        f"Jira installation {told.jira_installation_id}",
        f"runs from {told.date_start} to {told.date_end}",
        *([] if told.asset_url is None else [f"assets at {told.asset_url}"]),
        "",
        "Ctrl-C ends it.",
    ])


def write_json(told: Announcement) -> str:
    """Write it down on one line, for scripts."""
    return msgspec.json.encode(told).decode()
