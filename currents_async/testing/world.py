"""A made-up organisation: projects, their runs and instances, the same for the same seed."""

from collections.abc import Callable, Collection, Iterable
from copy import deepcopy
from functools import partial
from typing import NamedTuple

from currents_async.testing._world.actions import WorldAction, WorldActions
from currents_async.testing._world.attachments import WorldAttachment, WorldAttachments
from currents_async.testing._world.executions import WorldExecution
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import base62, hexadecimal, stream
from currents_async.testing._world.jira import WorldIssue, WorldJira
from currents_async.testing._world.links import WorldLinks
from currents_async.testing._world.project import WorldProject
from currents_async.testing._world.run import Versions, WorldRun, WorldSpec
from currents_async.testing._world.view import View
from currents_async.testing._world.webhooks import WorldWebhook, WorldWebhooks

__all__ = [
    "World",
    "WorldAction",
    "WorldAttachment",
    "WorldExecution",
    "WorldIssue",
    "WorldJira",
    "WorldProject",
    "WorldRun",
    "WorldSpec",
    "WorldWebhook",
]


class _Instance(NamedTuple):
    """Where the payload of an instance comes from."""

    run_id: str | None
    version: int
    make: Callable[[], Wire]


class World:
    """The data that a fake server serves.

    The same seed gives the same bytes: a project, a run and an instance depend on their number
    only, not on what else there is or on the order of requests. No clock is read: the first run of
    a project starts at 2026-01-05T09:00:00Z.
    """

    runs: dict[str, WorldRun]
    """All runs by their ID, in the order in which they were made."""
    projects: list[WorldProject]
    """The projects, in the order in which they were made."""
    actions: WorldActions
    """All actions by their ID, in the order in which they were made."""
    webhooks: WorldWebhooks
    """All webhooks by their ID, in the order in which they were made."""
    jiras: list[WorldJira]
    """The installations of Jira, in the order in which they were made."""
    shares: WorldLinks
    """All shares by the tokens in their URLs, in the order in which they were made."""
    trace_links: WorldLinks
    """All links to traces by the tokens in their URLs, in the order in which they were made."""
    attachments: WorldAttachments
    """All declared files by the IDs of their attachments, with what has been uploaded."""
    sessions: dict[str, Wire]
    """The bodies of all sessions by their IDs, as they were created."""
    sharing: bool
    """Whether the organisation allows public sharing: True until a test changes it."""
    credential_revoked: bool
    """Whether the server's API key has been revoked, and is refused."""
    view: View
    """What lists, explorers and insights are computed from."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.runs = {}
        self.projects = []
        self.jiras = []
        self.org_id: str = hexadecimal(stream(seed, "org"), 24)
        self._versions = Versions()
        self._instances: dict[str, _Instance] = {}
        self.actions = WorldActions(seed, self._versions)
        self.webhooks = WorldWebhooks(seed)
        self.shares = WorldLinks(seed, "share")
        self.trace_links = WorldLinks(seed, "trace link")
        self.attachments = WorldAttachments(seed)
        self.sessions = {}
        self.sharing = True
        self.credential_revoked = False
        self.view = View(self.runs, self._versions, self.instance)

    def __repr__(self) -> str:
        return f"<World {self.seed}, {len(self.projects)} projects, {len(self.runs)} runs>"

    @property
    def version(self) -> int:
        """A number that is a higher one after each change of a run."""
        return self._versions.latest

    def project(self, name: str | None = None) -> WorldProject:
        """Make a project, without runs at first."""
        number = len(self.projects) + 1
        project = WorldProject(
            f"{self.seed}:{number}",
            number=number,
            name=name or f"Project {number}",
            project_id=base62(stream(self.seed, number, "project"), 6),
            org=self.org_id,
            runs=self.runs,
            versions=self._versions,
            add=self._add_run,
            serve=self._serve,
        )
        self.projects.append(project)
        return project

    def jira(self, *, projects: int = 3, issue_types: int = 5) -> WorldJira:
        """Connect a Jira installation."""
        jira = WorldJira(self.seed, len(self.jiras) + 1, projects=projects, issue_types=issue_types)
        self.jiras.append(jira)
        return jira

    def executions(self, project_id: str) -> list[WorldExecution]:
        """List the executions of a project's tests, those of the newest run first.

        All numbers are counted from this list: do not change it.
        """
        return self.view.executions(project_id)

    def add_run_payload(self, data: Wire, *, github_run: tuple[str, int] | None = None) -> WorldRun:
        """Serve a copy of a run's `data` exactly as given, under its own `runId`.

        Its specs have only those instances that are added too.
        """
        run = WorldRun(deepcopy(data), self._versions, github_run=github_run)
        self.runs[run.run_id] = run
        return run

    def add_instance_payload(self, data: Wire) -> None:
        """Serve a copy of an instance's `data` exactly as given, under its own `instanceId`."""
        instance = _Instance(
            data.get("runId"), next(self._versions), partial(deepcopy, deepcopy(data))
        )
        self._instances[data["instanceId"]] = instance
        self.view.forget(None)

    def instance(self, instance_id: str) -> Wire | None:
        """Build the `data` of getInstance, or return None if there is no such instance."""
        found = self._instances.get(instance_id)
        return None if found is None else found.make()

    def instance_version(self, instance_id: str) -> int | None:
        """Return a number that changes with the instance's payload, or None without an instance."""
        found = self._instances.get(instance_id)
        return None if found is None else found.version

    def reset(self, run_id: str, machine_ids: Collection[str]) -> list[str]:
        """Take the specs of some machines back, so that they wait to be claimed again.

        Their instances are deleted, and the run is in progress again. If none of the machines has a
        spec, nothing changes. Return the IDs of the deleted instances.
        """
        gone = self.runs[run_id].unclaim(machine_ids)
        for instance_id in gone:
            self._instances.pop(instance_id, None)
        return gone

    def delete(self, run_id: str) -> None:
        """Delete a run and its instances."""
        run = self.runs.pop(run_id)
        own = {instance for instance, source in self._instances.items() if source.run_id == run_id}
        for instance_id in own | {spec.instance_id for spec in run.specs if spec.instance_id}:
            self._instances.pop(instance_id, None)
        self.view.forget(run_id)
        next(self._versions)

    def _add_run(self, run: WorldRun) -> None:
        self.runs[run.run_id] = run
        self._serve(run, range(len(run.payload["specs"])))

    def _serve(self, run: WorldRun, indices: Iterable[int]) -> None:
        """Serve the instances of some of a run's specs, where they have any."""
        # From the payload: the `specs` of most large runs are never read.
        for index in indices:
            spec: Wire = run.payload["specs"][index]
            if "instanceId" in spec:
                make = partial(run.instance, index)
                self._instances[spec["instanceId"]] = _Instance(run.run_id, run.version, make)
