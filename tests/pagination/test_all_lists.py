"""Every list of the API over 237 items: forwards, backwards, resumed, and growing meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import pytest

from currents_async import Currents
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun

COUNT = 237
LONG_AGO, FAR_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
SPAN: dict[str, Any] = {"date_start": LONG_AGO, "date_end": FAR_AHEAD}


class ListCase(NamedTuple):
    """How to list 237 items of a kind in a world, and how to add another one."""

    list: Callable[..., Any]
    """Takes a client and the pager's options."""
    key: Callable[[Any], Any]
    grow: Callable[[], object] | None = None
    total: int = COUNT


def one_run(
    project: WorldProject, *, branch: str = "main", pull_request: int | None = None
) -> WorldRun:
    return project.run(
        specs=1, tests=1, failures=0, flaky=0, branch=branch, pull_request=pull_request
    )


def skip_all(world: World, project: WorldProject) -> None:
    every_file = {"type": "file", "op": "any", "value": None}
    fields = {
        "name": "all",
        "action": [{"op": "skip"}],
        "matcher": {"op": "AND", "cond": [every_file]},
    }
    world.actions.add(project.project_id, fields, expires=None, now=0)


def of_projects(world: World) -> ListCase:
    for _ in range(COUNT):
        world.project()
    return ListCase(
        lambda c, **paging: c.projects.list(**paging),
        lambda item: item.project_id,
        world.project,
    )


def of_runs(world: World) -> ListCase:
    project = world.project()
    for _ in range(COUNT):
        one_run(project)
    return ListCase(
        lambda c, **paging: c.runs.list(project.project_id, **paging),
        lambda item: item.run_id,
        lambda: one_run(project),
    )


def of_test_results(world: World) -> ListCase:
    project = world.project()
    for _ in range(COUNT):
        one_run(project)
    [signature] = {one.signature for one in world.executions(project.project_id)}
    return ListCase(
        lambda c, **paging: c.test_results.list(signature, **SPAN, **paging),
        lambda item: item.cursor,
        lambda: one_run(project),
    )


def of_tests(world: World) -> ListCase:
    project = world.project()
    project.run(specs=79, tests=3)
    return ListCase(
        lambda c, **paging: c.tests.list(project.project_id, **SPAN, **paging),
        lambda item: item.signature,
    )


def of_spec_files(world: World) -> ListCase:
    project = world.project()
    project.run(specs=COUNT, tests=1)
    return ListCase(
        lambda c, **paging: c.spec_files.list(project.project_id, **SPAN, **paging),
        lambda item: item.spec,
        lambda: project.run(specs=5, tests=1, framework="cypress"),
    )


def of_executions(world: World) -> ListCase:
    project = world.project()
    for _ in range(COUNT):
        one_run(project)
    [signature] = {one.signature for one in world.executions(project.project_id)}
    skip_all(world, project)
    return ListCase(
        lambda c, **paging: c.actions.executions(
            signature, project_id=project.project_id, **SPAN, **paging
        ),
        lambda item: item.to_dict()["cursor"],
        lambda: one_run(project),
    )


def of_jira_projects(world: World) -> ListCase:
    jira = world.jira(projects=COUNT)
    return ListCase(
        lambda c, **paging: c.jira.projects(jira.installation_id, **paging),
        lambda item: item.id,
    )


def of_jira_issue_types(world: World) -> ListCase:
    jira = world.jira(projects=1, issue_types=COUNT)
    return ListCase(
        lambda c, **paging: c.jira.issue_types(
            jira.projects[0]["id"], jira_installation_id=jira.installation_id, **paging
        ),
        lambda item: item.id,
    )


def of_pull_requests(world: World) -> ListCase:
    project = world.project()
    for number in range(COUNT):
        one_run(project, pull_request=number + 1)
    return ListCase(
        lambda c, **paging: c.projects.pull_requests(project.project_id, **paging),
        lambda item: item.cursor,
        lambda: one_run(project, pull_request=1_000 + len(project.runs)),
    )


def of_terms(world: World) -> ListCase:
    project = world.project()
    for number in range(COUNT):
        one_run(project, branch=f"b{number:03}")
    return ListCase(
        lambda c, **paging: c.projects.terms("branch", project_id=project.project_id, **paging),
        lambda item: item.cursor,
    )


def of_affected_tests(world: World) -> ListCase:
    project = world.project()
    project.run(specs=79, tests=3)
    skip_all(world, project)
    return ListCase(
        lambda c, **paging: c.actions.affected_tests(project.project_id, **SPAN, **paging),
        lambda item: item.signature,
    )


def of_errors(world: World) -> ListCase:
    project = world.project()
    project.run(specs=100, tests=6, failures=400)
    messages = {
        one.error.message for one in world.executions(project.project_id) if one.error is not None
    }
    return ListCase(
        lambda c, **paging: c.errors.list(
            project.project_id, **SPAN, group_by=["message"], **paging
        ),
        lambda item: item.message,
        total=len(messages),
    )


CURSORS = [of_projects, of_runs, of_test_results, of_executions, of_pull_requests, of_terms]
NUMBERS = [
    of_tests,
    of_spec_files,
    of_jira_projects,
    of_jira_issue_types,
    of_affected_tests,
    of_errors,
]


class Setup(NamedTuple):
    """A world, and a list in it."""

    world: World
    case: ListCase


def set_up(kind: Callable[[World], ListCase]) -> Setup:
    world = World(seed=1)
    return Setup(world, kind(world))


shared = lru_cache(set_up)
"""Shared by tests that only read: making 237 items takes most of the time."""


@pytest.fixture
def world(setup: Setup) -> World:
    return setup.world


@pytest.fixture
def case(setup: Setup) -> ListCase:
    return setup.case


def of(
    *kinds: Callable[[World], ListCase], by: Callable[[Callable[[World], ListCase]], Setup] = shared
) -> pytest.MarkDecorator:
    params = [pytest.param((by, kind), id=kind.__name__) for kind in kinds]
    return pytest.mark.parametrize("setup", params, indirect=True)


@pytest.fixture
def setup(request: pytest.FixtureRequest) -> Setup:
    by, kind = request.param
    made: Setup = by(kind)
    return made


@of(*CURSORS, *NUMBERS)
@pytest.mark.parametrize("page_size", [7, 50])
async def test_forwards(case: ListCase, currents: Currents, page_size: int) -> None:
    pager = case.list(currents, page_size=page_size)
    keys = [case.key(item) async for item in pager]
    assert len(keys) == len(set(keys)) == case.total
    sizes = [len(page.items) async for page in case.list(currents, page_size=page_size).pages()]
    assert sizes == [page_size] * (case.total // page_size) + [case.total % page_size]


@of(*CURSORS, *NUMBERS)
async def test_read_ahead(case: ListCase, currents: Currents) -> None:
    async with case.list(currents, page_size=20, prefetch=True) as pager:
        keys = [case.key(item) async for item in pager]
    assert len(keys) == len(set(keys)) == case.total


@of(*CURSORS)
async def test_backwards(case: ListCase, currents: Currents) -> None:
    forwards = [item async for item in case.list(currents)]
    last = forwards[-1]
    pager = case.list(currents, page_size=7, start=last.cursor, reverse=True)
    backwards = [case.key(item) async for item in pager]
    assert backwards == [case.key(item) for item in reversed(forwards[:-1])]


@of(*CURSORS, *NUMBERS)
async def test_resumed_in_a_new_client_after_every_few_items(
    case: ListCase, server: FakeCurrents
) -> None:
    keys: list[Any] = []
    token: str | None = None
    for _ in range(COUNT):
        async with Currents(server.api_key, base_url=server.url) as currents:
            pager = case.list(currents, page_size=10, start=token).limit(33)
            some = [case.key(item) async for item in pager]
            token = pager.resume_token
        if not some:
            break
        keys += some
    assert len(keys) == len(set(keys)) == case.total


@of(of_projects, of_runs, of_test_results, of_executions, of_pull_requests, by=set_up)
async def test_growing_meanwhile(case: ListCase, currents: Currents) -> None:
    """New items come before those that have been read, and are not listed."""
    assert case.grow is not None
    before = [case.key(item) async for item in case.list(currents)]
    keys: list[Any] = []
    pager = case.list(currents, page_size=10)
    async for item in pager:
        keys.append(case.key(item))
        if len(keys) % 25 == 0:
            case.grow()
    assert keys == before


@of(of_spec_files, by=set_up)
async def test_numbered_pages_that_grow_meanwhile(case: ListCase, currents: Currents) -> None:
    """Items move to the next page, and come once."""
    assert case.grow is not None

    def listing() -> Any:
        return case.list(currents, page_size=10, order="overallExecutions", dir="asc")

    before = {item.spec async for item in listing()}
    keys: list[str] = []
    async for item in listing():
        keys.append(item.spec)
        if len(keys) == 100:
            # Others that have been executed once come in between, and move the rest.
            case.grow()
    assert len(keys) == len(set(keys))
    assert before <= set(keys)
