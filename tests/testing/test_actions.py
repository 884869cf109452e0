from collections.abc import Callable
from typing import Any

import pytest

from currents_async.testing import ManualClock, World, WorldExecution, WorldProject

DATES = (("date_start", "2026-01-01"), ("date_end", "2026-03-01"))
NOW = 1_767_690_000.5
"""2026-01-06T09:00:00.500Z."""
RULE: dict[str, Any] = {
    "name": "Flaky checkout 🛒",
    "action": [{"op": "quarantine"}, {"op": "tag", "details": {"tags": ["flaky"]}}],
    "matcher": {"op": "AND", "cond": [{"type": "file", "op": "eq", "value": "a.spec.ts"}]},
}


def when(kind: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"op": "AND", "cond": [{"type": kind, "op": op, "value": value}]}


async def create(served: Any, project: WorldProject, **changes: Any) -> Any:
    query = {"projectId": project.project_id}
    body = {**RULE, **changes}
    status, response = await served.call("POST", "actions", params=query, json=body)
    assert status == 201, response
    return response["data"]


async def statuses(served: Any, project: WorldProject, *pairs: tuple[str, str]) -> dict[str, str]:
    response = await served.get("actions", ("projectId", project.project_id), *pairs)
    return {one["name"]: one["status"] for one in response["data"]}


class TestLife:
    async def test_from_creation_to_archive(
        self, serve: Any, world: World, project: WorldProject
    ) -> None:
        async with serve(world, clock=ManualClock(auto=False, wall=NOW)) as served:
            made = await create(served, project, description="Since Monday")
            assert made == {
                "actionId": made["actionId"],
                **RULE,
                "description": "Since Monday",
                "status": "active",
                "createdAt": "2026-01-06T09:00:00.500Z",
                "createdBy": "api:keyName",
            }
            path = f"actions/{made['actionId']}"
            assert (await served.get(path))["data"] == made
            for verb, status in (("disable", "disabled"), ("enable", "active")) * 2:
                for _ in range(2):
                    response = await served.call("PUT", f"{path}/{verb}")
                    assert (response[0], response[1]["data"]["status"]) == (200, status)
                    assert ("disabledAt" in response[1]["data"]) == (status == "disabled")
                    assert await statuses(served, project) == {RULE["name"]: status}
            for _ in range(2):
                gone = await served.call("DELETE", path)
                assert gone[0] == 200
                assert gone[1]["data"] == {"actionId": made["actionId"], "archived": True}
            assert await statuses(served, project) == {RULE["name"]: "archived"}
            assert (await served.get(path))["data"]["archivedBy"] == "api:keyName"
            for verb, body in (("/enable", None), ("/disable", None), ("", {"name": "x"})):
                assert (await served.call("PUT", path + verb, json=body))[0] == 409

    async def test_update(self, serve: Any, world: World, project: WorldProject) -> None:
        async with serve(world, clock=ManualClock(auto=False, wall=NOW)) as served:
            made = await create(
                served, project, description="d", expiresAfter="2026-02-01T00:00:00Z"
            )
            path = f"actions/{made['actionId']}"
            for change in (
                {"name": "Other"},
                {"description": None},
                {"action": [{"op": "skip"}]},
                {"matcher": when("tag", "incAll", ["a", "b"])},
                {"expiresAfter": "2026-01-06T09:00:00.500Z"},
            ):
                made |= change
                status, response = await served.call("PUT", path, json=change)
                assert status == 200
                assert response["data"] == {
                    **made,
                    "status": "expired" if "2026-01-06" in made["expiresAfter"] else "active",
                    "updatedAt": "2026-01-06T09:00:00.500Z",
                    "updatedBy": "api:keyName",
                }
            assert (await served.get(path))["data"] == response["data"]
            response = await served.call("PUT", path, json={"expiresAfter": None})
            assert response[1]["data"]["status"] == "active"

    async def test_expires_by_the_clock(
        self, serve: Any, world: World, project: WorldProject
    ) -> None:
        clock = ManualClock(auto=False, wall=NOW)
        async with serve(world, clock=clock) as served:
            await create(served, project, name="a", expiresAfter="2026-01-06T09:00:01Z")
            await create(served, project, name="b", expiresAfter="2026-01-06T10:00:00.000Z")
            await create(served, project, name="c", expiresAfter=None)
            found: list[str] = []
            for seconds in (0, 0.5, 3600):
                clock.advance(seconds)
                found.append(
                    "".join(status[0] for status in (await statuses(served, project)).values())
                )
            assert found == ["aaa", "eaa", "eea"]

    async def test_lists(self, serve: Any, world: World, project: WorldProject) -> None:
        other = world.project()
        async with serve(world, clock=ManualClock(auto=False, wall=NOW)) as served:
            for name in ("Active", "Disabled", "Archived", "Expired"):
                expires = "2025-01-01T00:00:00Z" if name == "Expired" else None
                made = await create(served, project, name=name, expiresAfter=expires)
                path = f"actions/{made['actionId']}"
                if name == "Disabled":
                    await served.call("PUT", f"{path}/disable")
                if name == "Archived":
                    await served.call("DELETE", path)
            await create(served, other, name="Elsewhere")
            every = await statuses(served, project)
            assert every == {name: name.lower() for name in every}
            assert len(every) == 4
            for pairs, expected in (
                ([("status", "archived")], ["Archived"]),
                ([("status", "expired"), ("status", "active")], ["Active", "Expired"]),
                ([("search", "ABLE")], ["Disabled"]),
                ([("search", "ive"), ("status", "active")], ["Active"]),
            ):
                assert [*await statuses(served, project, *pairs)] == expected
            project_id = ("projectId", project.project_id)
            assert "status" in await served.refused("actions", project_id, ("status", "gone"))
            assert "100" in await served.refused("actions", project_id, ("search", "x" * 101))

    async def test_same_ids_in_the_same_world(self, serve: Any) -> None:
        ids: list[str] = []
        for _ in range(2):
            world = World(seed=5)
            project = world.project()
            async with serve(world) as served:
                ids += [(await create(served, project))["actionId"] for _ in range(2)]
        assert ids[:2] == ids[2:]
        assert len(set(ids)) == 2


BAD: list[dict[str, Any]] = [
    {"name": ""},
    {"name": "x" * 256},
    {"name": None},
    {"description": "x" * 1001},
    {"action": []},
    {"action": [{"op": "delete"}]},
    {"action": [{"op": "tag"}]},
    {"action": [{"op": "tag", "details": {"tags": ["t"] * 11}}]},
    {"matcher": {"op": "AND", "cond": []}},
    {"matcher": {"op": "XOR", "cond": RULE["matcher"]["cond"]}},
    {"matcher": when("colour", "eq", "red")},
    {"matcher": when("file", "is", "a")},
    {"matcher": when("file", "inc", "a")},
    {"matcher": when("file", "eq")},
    {"matcher": when("file", "eq", 1)},
    {"expiresAfter": "tomorrow"},
    {"expiresAfter": "2027-01-31"},
    {"expiresAfter": "2027-01-31T12:00:00+01:00"},
    {"expiresAfter": "2027-01-31T24:00:00Z"},
    {"expiresAfter": 1},
    {"status": "disabled"},
    {"projectId": "p"},
]


@pytest.mark.parametrize("change", BAD, ids=str)
async def test_bad_bodies(served: Any, world: World, project: WorldProject, change: Any) -> None:
    query = {"projectId": project.project_id}
    status, _ = await served.call("POST", "actions", params=query, json={**RULE, **change})
    assert status == 400
    assert world.actions == {}
    made = await create(served, project)
    path = f"actions/{made['actionId']}"
    assert (await served.call("PUT", path, json=change))[0] == 400
    assert (await served.get(path))["data"] == made


async def test_maximum_lengths_of_texts(served: Any, project: WorldProject) -> None:
    tags = [{"op": "tag", "details": {"tags": [*"0123456789"]}}]
    await create(served, project, name="ä" * 255, description="x" * 1000, action=tags)


async def test_missing_fields(served: Any, project: WorldProject) -> None:
    call, query = served.call, {"projectId": project.project_id}
    assert (await call("POST", "actions", json=RULE))[0] == 400
    assert (await call("POST", "actions", json=RULE, params={"projectId": "nope"}))[0] == 404
    for missing in RULE:
        body = {key: value for key, value in RULE.items() if key != missing}
        assert (await call("POST", "actions", json=body, params=query))[0] == 400
    made = await create(served, project)
    assert (await call("PUT", f"actions/{made['actionId']}", json={}))[0] == 400
    for method, path in (
        ("GET", "actions/nope"),
        ("PUT", "actions/nope"),
        ("DELETE", "actions/nope"),
        ("PUT", "actions/nope/enable"),
        ("PUT", "actions/nope/disable"),
    ):
        response = await call(method, path, json={"name": "x"})
        assert response == (404, {"status": "FAILED", "error": "Action not found"})


PATTERN = {"type": "RegexPattern", "pattern": "^ma"}
CONDITIONS: list[tuple[str, str, Any, Callable[[WorldExecution], bool]]] = [
    ("git_branch", "eq", "fix", lambda one: one.run.branch == "fix"),
    ("git_branch", "neq", "fix", lambda one: one.run.branch != "fix"),
    ("git_branch", "in", ["fix", "gone"], lambda one: one.run.branch == "fix"),
    ("git_branch", "notIn", ["fix", "main"], lambda _: False),
    ("git_branch", "eq", "fi", lambda one: one.run.branch == "fix"),
    ("git_branch", "in", [PATTERN], lambda one: one.run.branch == "main"),
    ("git_branch", "notIn", [PATTERN], lambda one: one.run.branch != "main"),
    ("titlePath", "inc", [{**PATTERN, "pattern": "["}], lambda _: False),
    ("git_authorName", "eq", "Ada", lambda one: one.run.commit["authorName"] == "Ada"),
    ("git_authorEmail", "any", None, lambda _: True),
    ("git_remoteOrigin", "empty", None, lambda _: False),
    ("git_message", "eq", "Commit message\n", lambda one: "Commit" in one.run.commit["message"]),
    ("project", "eq", "firefox", lambda one: one.group_id == "firefox"),
    ("error_message", "any", None, lambda one: one.state == "failed"),
    ("error_message", "empty", None, lambda one: one.state != "failed"),
    ("error_message", "inc", "Timeout", lambda one: "Timeout" in said(one)),
    ("error_message", "inc", ["Timeout", "größe"], lambda one: (
        "Timeout" in said(one) or "größe" in said(one)
    )),
    ("error_message", "incAll", ["Timeout", "click"], lambda one: "click: Timeout" in said(one)),
    ("error_message", "notInc", "Timeout", lambda one: "Timeout" not in said(one)),
    ("annotation", "inc", "owner", lambda one: ("owner", "Ada") in one.annotations),
    ("annotation", "notIncAll", ["owner", "Ada"], lambda one: not one.annotations),
    ("tag", "inc", "nightly", lambda one: "nightly" in one.tags),
    ("tag", "inc", "@nightly", lambda one: "nightly" in one.tags),
    ("tag", "inc", "night", lambda _: False),
    ("tag", "incAll", ["nightly", "project:firefox"], lambda one: (
        "nightly" in one.tags and one.group_id == "firefox"
    )),
]  # fmt: skip


def said(one: WorldExecution) -> str:
    return one.error.message if one.error else ""


@pytest.fixture
def tested(project: WorldProject) -> WorldProject:
    for number in range(4):
        project.run(
            specs=4,
            tests=5,
            failures=6,
            groups=2,
            branch="fix" if number % 2 else "main",
            tags=["nightly"] if number < 2 else [],
            author=("Ada", "ada@example.org") if number == 3 else None,
            annotations=[("owner", "Ada")],
        )
    return project


class TestAffected:
    @pytest.mark.parametrize(("kind", "op", "value", "expected"), CONDITIONS)
    async def test_conditions(
        self,
        served: Any,
        world: World,
        tested: WorldProject,
        kind: str,
        op: str,
        value: Any,
        expected: Callable[[WorldExecution], bool],
    ) -> None:
        made = await create(served, tested, matcher=when(kind, op, value))
        touched = await served.walk(f"actions/{made['actionId']}/tests", *DATES, limit=50)
        places = [(one["instanceId"], one["testId"]) for one in touched]
        mine = [one for one in world.executions(tested.project_id) if expected(one)]
        assert sorted(places) == sorted((one.instance_id, one.test_id) for one in mine)

    async def test_and_or(self, served: Any, tested: WorldProject) -> None:
        cond = [*when("git_branch", "eq", "fix")["cond"], *when("tag", "inc", "nightly")["cond"]]
        found: list[set[str]] = []
        for op in ("AND", "OR"):
            made = await create(served, tested, matcher={"op": op, "cond": cond})
            path = f"actions/{made['actionId']}/tests"
            found.append({one["runId"] for one in await served.walk(path, *DATES, limit=50)})
        runs = [run.run_id for run in tested.runs]
        assert found == [{runs[1]}, {runs[0], runs[1], runs[3]}]

    async def test_of_one_test(self, served: Any, world: World, tested: WorldProject) -> None:
        test = world.executions(tested.project_id)[0]
        path = f"actions/tests/{test.signature}"
        pairs = [*DATES, ("projectId", tested.project_id)]
        assert await served.walk(path, *pairs) == []
        await create(served, tested, name="one", matcher=when("titlePath", "inc", test.title[-1]))
        await create(served, tested, name="two", matcher=when("git_branch", "eq", "fix"))
        await create(served, world.project(), name="three")
        touched = await served.walk(path, *pairs, limit=3)
        assert len(touched) == 4
        names = [[action["name"] for action in one["actions"]] for one in touched]
        assert names == [["one", "two"], ["one"], ["one", "two"], ["one"]]
        assert {one["signature"] for one in touched} == {test.signature}
        assert await served.walk(path, *pairs, ("search", "nowhere")) == []
        assert len(await served.walk(path, *pairs, ("search", test.spec.upper()))) == 4

    async def test_tests(self, served: Any, world: World, tested: WorldProject) -> None:
        pairs = [*DATES, ("projectId", tested.project_id)]

        async def ask(*more: tuple[str, str]) -> list[Any]:
            found: list[Any] = await served.turn("actions/tests", *pairs, *more, limit=9)
            return found

        assert await ask() == []
        skip = await create(
            served, tested, action=[{"op": "skip"}], matcher=when("error_message", "any")
        )
        failed = {one.signature for one in world.executions(tested.project_id) if one.error}
        tests = await ask()
        assert {one["signature"] for one in tests} == failed
        assert sum(one["executions"] for one in tests) == 24
        seen = [one["lastSeen"] for one in tests]
        assert seen == sorted(seen, reverse=True)
        upwards = [one["lastSeen"] for one in await ask(("dir", "asc"))]
        assert upwards == sorted(seen)
        tag = await create(served, tested, matcher=when("project", "eq", "firefox"))
        assert len(await ask()) > len(tests)
        assert await ask(("action_id", skip["actionId"])) == tests
        assert await ask(("action_type", "skip")) == tests
        both = await ask(("action_type", "quarantine"), ("action_type", "tag"))
        assert both == await ask(("action_id", tag["actionId"]))
        await served.call("PUT", f"actions/{tag['actionId']}/disable")
        assert await ask(("status", "disabled")) == both
        assert await ask(("status", "archived")) == []
        for pair in (("action_type", "Skip"), ("status", "on"), ("dir", "up")):
            assert pair[0] in await served.refused("actions/tests", *pairs, pair)

    async def test_a_changed_action_affects_other_tests(
        self, served: Any, tested: WorldProject
    ) -> None:
        made = await create(served, tested)
        path = f"actions/{made['actionId']}"
        assert await served.walk(f"{path}/tests", *DATES) == []
        await served.call("PUT", path, json={"matcher": when("title", "any")})
        assert len(await served.walk(f"{path}/tests", *DATES, limit=50)) == 80
        tested.run(specs=1, tests=3)
        assert len(await served.walk(f"{path}/tests", *DATES, limit=50)) == 83
