"""Every list, in whichever way it is paged: its ends, its bounds, and what is not a parameter."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from currents_async.testing import World
from currents_async.testing._serving.operations import ROUTES
from tests.operations import is_list

DATES = (("date_start", "2026-01-01"), ("date_end", "2027-01-01"))
RULE = {
    "name": "Rule",
    "action": [{"op": "skip"}],
    "matcher": {"op": "AND", "cond": [{"type": "title", "op": "any", "value": None}]},
}


class Scene(NamedTuple):
    world: World
    project_id: str
    signature: str
    action_id: str
    jira: tuple[str, str]


@pytest.fixture
def scene(world: World) -> Scene:
    project = world.project()
    for number in range(8):
        project.run(
            specs=3,
            tests=2,
            failures=2,
            pull_request=number // 2,
            branch=f"b{number}",
            tags=[f"t{number}", "all"],
            running=number == 7,
        )
    for _ in range(4):
        world.project()
    jira = world.jira(projects=9, issue_types=8)
    action = world.actions.add(project.project_id, RULE, None, 0)
    signature = world.executions(project.project_id)[0].signature
    return Scene(
        world,
        project.project_id,
        signature,
        action.action_id,
        (jira.installation_id, jira.projects[0]["id"]),
    )


class List(NamedTuple):
    operation: str
    path: Callable[[Scene], str]
    most: int = 100
    query: Callable[[Scene], list[tuple[str, str]]] = lambda _: []


def with_dates(_: Scene) -> list[tuple[str, str]]:
    return [*DATES]


CURSOR = [
    List("listProjects", lambda _: "projects"),
    List("listProjectRuns", lambda s: f"projects/{s.project_id}/runs"),
    List("listProjectPullRequests", lambda s: f"projects/{s.project_id}/pull-requests", 50),
    List("listProjectTerms", lambda s: f"projects/{s.project_id}/terms/tag"),
    List("getTestResults", lambda s: f"test-results/{s.signature}", 100, with_dates),
    List(
        "getAffectedTestExecutions",
        lambda s: f"actions/tests/{s.signature}",
        50,
        lambda s: [*DATES, ("projectId", s.project_id)],
    ),
    List(
        "getAffectedTestExecutionsByAction",
        lambda s: f"actions/{s.action_id}/tests",
        50,
        with_dates,
    ),
]
PAGED = [
    List("getSpecFiles", lambda s: f"spec-files/{s.project_id}", 50, with_dates),
    List("getTestsExplorer", lambda s: f"tests/{s.project_id}", 100, with_dates),
    List("getErrorsExplorer", lambda s: f"errors/{s.project_id}", 100, with_dates),
    List(
        "listAffectedTests",
        lambda s: "actions/tests",
        100,
        lambda s: [*DATES, ("projectId", s.project_id)],
    ),
    List(
        "listJiraProjects",
        lambda _: "integrations/jira/projects",
        100,
        lambda s: [("jira_installation_id", s.jira[0])],
    ),
    List(
        "listJiraIssueTypes",
        lambda s: f"integrations/jira/projects/{s.jira[1]}/issue-types",
        100,
        lambda s: [("jira_installation_id", s.jira[0])],
    ),
]
PLAIN = [
    List("listActions", lambda _: "actions", 0, lambda s: [("projectId", s.project_id)]),
    List("listWebhooks", lambda _: "webhooks", 0, lambda s: [("projectId", s.project_id)]),
]


def test_that_is_every_list() -> None:
    lists = {route.endpoint.operation for route in ROUTES if is_list(route.endpoint)}
    assert {case.operation for case in CURSOR + PAGED + PLAIN} == lists


def name(case: List) -> str:
    return case.operation


@pytest.mark.parametrize("case", CURSOR, ids=name)
class TestCursors:
    async def test_forwards_and_backwards(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        whole = await served.get(path, *query, limit=case.most)
        assert whole["has_more"] is False
        items = whole["data"]
        assert len(items) >= 3
        assert len({item["cursor"] for item in items}) == len(items)
        assert await served.walk(path, *query, limit=2) == items
        before = [("ending_before", items[-1]["cursor"])]
        back: list[Any] = []
        while before:
            page = await served.get(path, *query, *before, limit=2)
            back = page["data"] + back
            before = [("ending_before", back[0]["cursor"])] if page["has_more"] else []
        assert back == items[:-1]

    async def test_ends(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        items = await served.walk(path, *query)
        for pair in (
            ("starting_after", items[-1]["cursor"]),
            ("ending_before", items[0]["cursor"]),
        ):
            page = await served.get(path, *query, pair)
            assert (page["has_more"], page["data"]) == (False, [])

    async def test_refusals(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        cursor = (await served.get(path, *query, limit=1))["data"][0]["cursor"]
        both = [("starting_after", cursor), ("ending_before", cursor)]
        assert "mutually exclusive" in await served.refused(path, *query, *both)
        for bad in ("", "nope", cursor[:-2], cursor + "A", "é"):
            message = await served.refused(path, *query, ("starting_after", bad))
            assert message == "starting_after is not a cursor of this list"
        for bad in ("0", str(case.most + 1), "-1", "x", "1.5", "", "\uff11"):
            assert "limit must be" in await served.refused(path, *query, ("limit", bad))
        twice = [("limit", "1"), ("limit", "2")]
        assert "repeated" in await served.refused(path, *query, *twice)
        assert "parameter" in await served.refused(path, *query, ("page", "0"))

    async def test_cursors_of_another_list(self, served: Any, scene: Scene, case: List) -> None:
        for other in CURSOR:
            path, query = other.path(scene), other.query(scene)
            page = await served.get(path, *query, limit=1)
            pair = ("starting_after", page["data"][0]["cursor"])
            response = await served.call("GET", case.path(scene), params=[*case.query(scene), pair])
            assert (response[0] == 200) == (other is case)


@pytest.mark.parametrize("case", PAGED, ids=name)
class TestPages:
    async def test_from_first_to_last(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        whole = (await served.get(path, *query, limit=case.most))["data"]
        assert whole["nextPage"] is False
        assert whole["total"] == whole["count"] == len(whole["list"]) >= 3
        for limit in (2, len(whole["list"])):
            assert await served.turn(path, *query, limit=limit) == whole["list"]
        beyond = (await served.get(path, *query, page=1000))["data"]
        assert (beyond["list"], beyond["nextPage"]) == ([], False)

    async def test_refusals(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        for bad in ("0", str(case.most + 1), "-1", "x"):
            assert "limit must be" in await served.refused(path, *query, ("limit", bad))
        for bad in ("-1", "x"):
            assert "page must be" in await served.refused(path, *query, ("page", bad))
        assert "parameter" in await served.refused(path, *query, ("starting_after", "c"))


@pytest.mark.parametrize("case", CURSOR + PAGED + PLAIN, ids=name)
class TestAll:
    async def test_misspelt_parameters(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        for pair in (("Tags[]", "a"), ("branche[]", "a"), ("Search", "a"), ("dateStart", "a")):
            message = await served.refused(path, *query, pair)
            assert message == f"{pair[0]} is not a parameter of this operation"

    async def test_required_parameters(self, served: Any, scene: Scene, case: List) -> None:
        path, query = case.path(scene), case.query(scene)
        for missing in query:
            rest = [pair for pair in query if pair is not missing]
            assert "required" in await served.refused(path, *rest)

    async def test_unknown_owners(self, served: Any, scene: Scene, case: List) -> None:
        for known in (scene.project_id, scene.action_id, *scene.jira):
            path = case.path(scene).replace(known, "nope")
            query = [(key, "nope" if value == known else value) for key, value in case.query(scene)]
            if (path, query) != (case.path(scene), case.query(scene)):
                status, response = await served.call("GET", path, params=query)
                assert status == 404
                assert response["error"].endswith("not found")


DATED = [
    case
    for case in CURSOR + PAGED
    if ("date_start", "2026-01-01") in case.query(Scene(World(), "", "", "", ("", "")))
]


@pytest.mark.parametrize("case", DATED, ids=name)
class TestDates:
    async def test_refusals(self, served: Any, scene: Scene, case: List) -> None:
        path = case.path(scene)
        rest = [pair for pair in case.query(scene) if not pair[0].startswith("date")]
        for start, end, words in (
            ("yesterday", "2026-01-06", "date_start must be a date in ISO 8601"),
            ("2026-01-05", "2026-13-01", "date_end must be a date in ISO 8601"),
            ("2026-01-06", "2026-01-05", "date_start must not be after date_end"),
        ):
            dates = [("date_start", start), ("date_end", end)]
            assert await served.refused(path, *rest, *dates) == words

    async def test_both_ends_are_included(self, served: Any, scene: Scene, case: List) -> None:
        path = case.path(scene)
        rest = [pair for pair in case.query(scene) if not pair[0].startswith("date")]
        for start, end, some in (
            ("2026-01-05T10:00:00.000Z", "2026-01-05T11:00:00.000+01:00", True),
            ("2026-01-05T10:00:00.001Z", "2026-01-05T10:59:59.999Z", False),
        ):
            dates = [("date_start", start), ("date_end", end)]
            data = (await served.get(path, *rest, *dates))["data"]
            assert bool(data if isinstance(data, list) else data["list"]) == some
