"""Every execution of every test, flat: what lists, explorers and insights are computed from.

They are read from the payloads that getRun and getInstance serve, so that all numbers agree.
"""

import hashlib
from collections.abc import Iterator

import msgspec

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.failures import ErrorFacts, classify
from currents_async.testing._world.ids import parse_iso
from currents_async.testing._world.run import WorldRun
from currents_async.testing._world.schema_2 import read_tests

_SIGNED = 32


class RunContext(msgspec.Struct, frozen=True, kw_only=True):
    """What all executions of a run share."""

    run_id: str
    project_id: str
    created_at: str
    created: int
    """Milliseconds since the world's `EPOCH`."""
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    environments: tuple[str, ...]
    commit: Wire
    framework: str
    framework_version: str | None

    @property
    def branch(self) -> str | None:
        """The branch of the commit."""
        branch: str | None = self.commit.get("branch")
        return branch

    @property
    def authors(self) -> tuple[str, ...]:
        """Name and email address of the commit's author, if they are known."""
        return tuple(filter(None, (self.commit.get("authorName"), self.commit.get("authorEmail"))))


class WorldExecution(msgspec.Struct, frozen=True, kw_only=True):
    """A test in a run: where it ran, and how it ended.

    All numbers of the explorers, the insights and the lists of results are counts of these.
    """

    signature: str
    run: RunContext
    spec: str
    title: tuple[str, ...]
    """Suites first."""
    test_id: str
    group_id: str | None
    instance_id: str
    machine_id: str | None
    place: tuple[int, int]
    """The number of the spec in the run, and of the test in the spec, from 0."""
    state: str
    """`passed`, `failed`, `pending` or `skipped`."""
    flaky: bool
    duration: int
    """Milliseconds of all attempts."""
    error: ErrorFacts | None
    """Why the last attempt failed."""
    tags: tuple[str, ...]
    """The run's tags, then the test's own."""
    annotations: tuple[tuple[str, str], ...]
    """Type and description of each."""
    client_version: str | None

    @property
    def order(self) -> tuple[int, str, int, int]:
        """The place among all executions by time, which is unique."""
        return (self.run.created, self.run.run_id, *self.place)


def signature_of(project_id: str, spec: str, *title: str) -> str:
    """Return what identifies a spec file in any run, or a test of it by its joined title path."""
    parts = "\0".join((project_id, spec, *title))
    return hashlib.sha256(parts.encode()).hexdigest()[:_SIGNED]


def join_title(title: tuple[str, ...] | list[str]) -> str:
    """Join a title path into one line."""
    return " > ".join(title)


def run_context(run: WorldRun) -> RunContext:
    """Read from a run's payload what all its executions share."""
    payload = run.payload
    meta: Wire = payload.get("meta") or {}
    groups: list[Wire] = payload.get("groups") or []
    framework: Wire = meta.get("framework") or {}
    name: str = framework.get("name") or framework.get("type") or "unknown"
    cypress: str | None = payload.get("cypressVersion")
    return RunContext(
        run_id=run.run_id,
        project_id=run.project_id,
        created_at=run.created_at,
        created=parse_iso(run.created_at),
        tags=tuple(run.tags),
        groups=tuple(group["groupId"] for group in groups),
        environments=tuple(payload.get("environments") or ()),
        commit=meta.get("commit") or {},
        framework="cypress" if cypress else name,
        framework_version=cypress or framework.get("version"),
    )


def executions_of(context: RunContext, index: int, instance: Wire) -> Iterator[WorldExecution]:
    """Read the executions of spec number `index` from its instance."""
    spec: str = instance["spec"]
    framework: Wire = instance.get("framework") or {}
    for number, test in enumerate(read_tests(instance)):
        attempts: list[Wire] = test.get("attempts") or []
        errors: list[Wire] = [one["error"] for one in attempts if one.get("error")]
        title = tuple(test["title"])
        own: list[str] = test.get("tags") or []
        annotations: list[Wire] = test.get("annotations") or []
        yield WorldExecution(
            signature=signature_of(context.project_id, spec, join_title(title)),
            run=context,
            spec=spec,
            title=title,
            test_id=test["testId"],
            group_id=instance.get("groupId"),
            instance_id=instance["instanceId"],
            machine_id=instance.get("machineId"),
            place=(index, number),
            state=test["state"],
            flaky=test["state"] == "passed" and len(attempts) > 1,
            duration=sum(one.get("wallClockDuration") or 0 for one in attempts),
            error=classify(errors[-1]) if errors and test["state"] == "failed" else None,
            tags=tuple(dict.fromkeys([*context.tags, *own])),
            annotations=tuple((one["type"], one.get("description") or "") for one in annotations),
            client_version=framework.get("clientVersion"),
        )
