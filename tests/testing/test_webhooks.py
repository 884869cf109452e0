from typing import Any
from uuid import UUID

import pytest

from currents_async.testing import ManualClock, World, WorldProject

NOW = 1_767_690_000.5
HOOK = {"url": "https://example.org/hook?a=ä"}


async def create(served: Any, project: WorldProject, **fields: Any) -> Any:
    query = {"projectId": project.project_id}
    status, response = await served.call("POST", "webhooks", params=query, json={**HOOK, **fields})
    assert status == 201, response
    return response["data"]


async def test_life(serve: Any, world: World, project: WorldProject) -> None:
    clock = ManualClock(auto=False, wall=NOW)
    async with serve(world, clock=clock) as served:
        fields = {
            "headers": '{"x-secret":"größe"}',
            "hookEvents": ["RUN_FINISH", "RUN_CANCELED"],
            "label": "CI",
        }
        made = await create(served, project, **fields)
        date = "2026-01-06T09:00:00.500Z"
        assert UUID(made["hookId"]).version == 4
        assert made == {
            "hookId": made["hookId"],
            "projectId": project.project_id,
            **HOOK,
            **fields,
            "createdAt": date,
            "updatedAt": date,
        }
        path = f"webhooks/{made['hookId']}"
        assert (await served.get(path))["data"] == made
        clock.advance(minutes=1)
        changes: list[dict[str, Any]] = [
            {"label": None},
            {"hookEvents": []},
            {"url": "http://x.org"},
        ]
        for change in changes:
            made |= change
            status, response = await served.call("PUT", path, json=change)
            assert (status, response["data"]) == (
                200,
                {**made, "updatedAt": "2026-01-06T09:01:00.500Z"},
            )
        gone = await served.call("DELETE", path)
        ids = {"hookId": made["hookId"], "projectId": project.project_id}
        assert (gone[0], gone[1]["data"]) == (200, ids)
        for method in ("GET", "PUT", "DELETE"):
            response = await served.call(method, path, json={"label": "x"})
            assert response == (404, {"status": "FAILED", "error": "Webhook not found"})


async def test_list(served: Any, world: World, project: WorldProject) -> None:
    other = world.project()
    made = [await create(served, project, label=str(number)) for number in range(3)]
    await create(served, other)
    assert made[0]["hookEvents"] == []
    pair = ("projectId", project.project_id)
    assert (await served.get("webhooks", pair))["data"] == made
    await served.call("DELETE", f"webhooks/{made[1]['hookId']}")
    again = await create(served, project)
    assert (await served.get("webhooks", pair))["data"] == [made[0], made[2], again]
    assert len({one["hookId"] for one in [*made, again]}) == 4
    assert "required" in await served.refused("webhooks")


@pytest.mark.parametrize(
    "change",
    [
        {"url": ""},
        {"url": None},
        {"url": "ftp://example.org"},
        {"url": "https://example.org/" + "x" * 2029},
        {"headers": "x"},
        {"headers": "[]"},
        {"headers": '{"a":1}'},
        {"headers": {"a": "b"}},
        {"headers": '{"a":"' + "x" * 4089 + '"}'},
        {"hookEvents": ["RUN_FINISHED"]},
        {"hookEvents": "RUN_FINISH"},
        {"label": ""},
        {"label": "x" * 256},
        {"name": "x"},
    ],
    ids=lambda change: str(change)[:40],
)
async def test_bad_bodies(served: Any, project: WorldProject, change: Any) -> None:
    query = {"projectId": project.project_id}
    body = {**HOOK, **change}
    assert (await served.call("POST", "webhooks", params=query, json=body))[0] == 400
    made = await create(served, project)
    path = f"webhooks/{made['hookId']}"
    assert (await served.call("PUT", path, json=change))[0] == 400
    assert (await served.call("PUT", path, json={}))[0] == 400
    assert (await served.get(path))["data"] == made


async def test_maximum_lengths_of_texts(served: Any, project: WorldProject) -> None:
    await create(
        served,
        project,
        url="https://example.org/" + "x" * 2028,
        headers='{"a":"' + "x" * 4088 + '"}',
        label="x" * 255,
    )


async def test_unknown_project(served: Any) -> None:
    query = {"projectId": "nope"}
    assert (await served.call("GET", "webhooks", params=query))[0] == 404
    assert (await served.call("POST", "webhooks", params=query, json=HOOK))[0] == 404
    assert (await served.call("POST", "webhooks", json=HOOK))[0] == 400
