"""The control of a server over HTTP, by curl."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

from currents_async.testing import FakeCurrents, ManualClock, World
from currents_async.testing._admin.admin import Admin

pytestmark = [
    pytest.mark.usefixtures("no_task_is_left"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

NOW = 1_767_690_000.0


def make_world() -> World:
    world = World()
    project = world.project("Web shop")
    project.run(specs=3)
    project.run(specs=3, completed=1)
    return world


class Curl:
    """Calls the server as a script would."""

    def __init__(self, server: FakeCurrents) -> None:
        self.server = server

    async def __call__(
        self, method: str, path: str, data: Any = None, *, key: str | None = None
    ) -> tuple[int, Any]:
        origin = self.server.url.removesuffix("/v1")
        options = ["-s", "-X", method, "-w", "\n%{http_code}", origin + path]
        if data is not None:
            options += ["-d", data if isinstance(data, str) else json.dumps(data)]
        if key is not None:
            options += ["-H", f"Authorization: Bearer {key}"]
        curl = await asyncio.create_subprocess_exec(
            "curl", *options, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await curl.communicate()
        body, _, status = out.decode().rpartition("\n")
        return int(status), json.loads(body)

    async def api(self, path: str, method: str = "GET", data: Any = None) -> int:
        """Call the API with its key, and return the status."""
        return (await self(method, path, data, key=self.server.api_key))[0]


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[FakeCurrents]:
    clock = ManualClock(auto=False, wall=NOW)
    server = FakeCurrents(make_world(), clock=clock, speed=1, strict=False)
    server.mount(Admin(server, make_world, needs_key=getattr(request, "param", False)).routes())
    async with server:
        yield server


@pytest.fixture
def curl(server: FakeCurrents) -> Curl:
    return Curl(server)


async def test_the_list_and_health(curl: Curl) -> None:
    status, listed = await curl("GET", "/_fake/")
    assert status == 200
    assert {"method": "POST", "path": "/_fake/reset"}.items() <= listed[-1].items()
    assert len(listed) == 14
    assert await curl("GET", "/_fake/health") == (200, {"status": "OK"})


@pytest.mark.parametrize("server", [True], indirect=True)
async def test_where_others_are_let_in_it_needs_the_key(curl: Curl) -> None:
    assert await curl("GET", "/_fake/health") == (200, {"status": "OK"})
    for key in (None, "a guess", "größe"):
        assert (await curl("GET", "/_fake/clock", key=key))[0] == 401
        assert (await curl("POST", "/_fake/reset", key=key))[0] == 401
    assert (await curl("GET", "/_fake/clock", key=curl.server.api_key))[0] == 200


async def test_the_journal(curl: Curl) -> None:
    run = curl.server.world.projects[0].runs[0]
    assert await curl.api(f"/v1/runs/{run.run_id}") == 200
    assert await curl.api("/v1/runs/nix") == 404
    assert await curl.api("/v1/projects?limit=2", "POST", {"name": ""}) == 400
    _, journal = await curl("GET", "/_fake/requests")
    assert [one["status"] for one in journal] == [200, 404, 400]
    assert journal[0]["path_args"] == {"run_id": run.run_id}
    assert journal[1]["error"] == "Run not found"
    assert (journal[2]["query"], journal[2]["body"]) == ([["limit", "2"]], '{"name": ""}')
    assert curl.server.api_key not in json.dumps(journal)
    for query, count in (("operation=getRun", 2), ("status=404", 1), ("limit=2", 2)):
        assert len((await curl("GET", f"/_fake/requests?{query}"))[1]) == count
    assert (await curl("GET", "/_fake/requests?limit=x"))[0] == 400
    assert await curl("DELETE", "/_fake/requests") == (200, {"status": "OK"})
    assert await curl("GET", "/_fake/requests") == (200, [])


async def test_what_matches_nothing(curl: Curl) -> None:
    project_id = curl.server.world.projects[0].project_id
    for method, path in (
        ("GET", "/v1/run/abc"),
        ("GET", "/runs/abc"),
        ("POST", "/v1/runs/abc"),
        ("PUT", "/v1/runs/abc/cancel/now"),
        ("GET", f"/v1/projects/{project_id}/runs?brunches[]=main&page=1"),
    ):
        await curl.api(path.replace("[]", "%5B%5D"), method)
    await curl.api("/v1/projects?limit=1")
    _, found = await curl("GET", "/_fake/requests/unmatched")
    assert [(one["nearest"]["operation"], one["difference"]) for one in found] == [
        ("getRun", ["path segment 'runs', not 'run'"]),
        ("getRun", ["the path must begin with /v1"]),
        (found[2]["nearest"]["operation"], ["method GET, not POST"]),
        ("cancelRun", ["path /runs/{run_id}/cancel, not /runs/abc/cancel/now"]),
        (
            "listProjectRuns",
            ["no parameter 'brunches[]': 'branches[]' is one", "no parameter 'page'"],
        ),
    ]
    assert [one["request"]["status"] for one in found] == [404, 404, 405, 404, 200]


async def test_the_clock(curl: Curl) -> None:
    run = curl.server.world.projects[0].runs[1]
    assert await curl("GET", "/_fake/clock") == (200, {"now": "2026-01-06T09:00:00+00:00"})
    moved = await curl("POST", "/_fake/clock", {"hours": 1, "seconds": 1.5})
    assert moved == (200, {"now": "2026-01-06T10:00:01.500000+00:00"})
    assert run.completion_state == "COMPLETE"
    wrongs: list[Any] = [{"seconds": -1}, {"weeks": 1}, {"seconds": "x"}, "{", "\xff", []]
    for wrong in wrongs:
        assert (await curl("POST", "/_fake/clock", wrong))[0] == 400


async def test_faults(curl: Curl) -> None:
    fault = {"operation": "listProjects", "status": 429, "headers": {"Retry-After": "1"}}
    status, listed = await curl("POST", "/_fake/faults", {**fault, "body": "größe", "times": 2})
    assert status == 200
    assert {**fault, "body": "größe", "times": 2}.items() <= listed[0].items()
    origin = curl.server.url
    raw = await asyncio.create_subprocess_exec(
        "curl", "-si", f"{origin}/projects", stdout=asyncio.subprocess.PIPE
    )
    said = (await raw.communicate())[0].decode()
    assert "429" in said.splitlines()[0]
    assert "Retry-After: 1\r\n" in said
    assert said.endswith("größe")
    assert [one["times"] for one in (await curl("GET", "/_fake/faults"))[1]] == [1]
    assert await curl("DELETE", "/_fake/faults") == (200, {"status": "OK"})
    assert await curl("GET", "/_fake/faults") == (200, [])
    assert await curl.api("/v1/projects") == 200
    status, refused = await curl("POST", "/_fake/faults", {"operation": "getRuns"})
    assert (status, refused["status"]) == (400, "FAILED")
    assert refused["error"].startswith("operation must be one of ")
    assert (await curl("POST", "/_fake/faults", {"fault": "tired"}))[0] == 400


async def test_the_rate(curl: Curl) -> None:
    assert await curl("PUT", "/_fake/rate", {"rate": "1/h"}) == (200, {"status": "OK"})
    assert [await curl.api("/v1/projects") for _ in range(2)] == [200, 429]
    await curl("PUT", "/_fake/rate", {"rate": None})
    assert await curl.api("/v1/projects") == 200
    status, refused = await curl("PUT", "/_fake/rate", {"rate": "1/d"})
    assert (status, refused["error"]) == (400, "'1/d' must begin like 50/s")


async def test_events_happen(curl: Curl) -> None:
    world, server = curl.server.world, curl.server
    hooks = {"url": server.url, "hookEvents": ["RUN_START", "RUN_FINISH", "RUN_CANCELED"]}
    world.webhooks.add(world.projects[0].project_id, hooks, 0)
    ended, run = world.projects[0].runs
    posted = {"url": server.url, "event": "RUN_CANCELED", "status": 401, "error": None}
    emitted = await curl("POST", "/_fake/emit", {"event": "RUN_CANCELED"})
    assert emitted == (200, {"run_id": run.run_id, "deliveries": [posted]})
    assert run.completion_state == "CANCELED"
    _, started = await curl("POST", "/_fake/emit", {"event": "RUN_START"})
    new = world.runs[started["run_id"]]
    assert (new.completion_state, len(new.specs)) == ("IN_PROGRESS", 3)
    assert new.created_at == "2026-01-06T09:00:00.000Z"
    await curl("POST", "/_fake/clock", {"hours": 1})
    await server.idle()
    _, again = await curl("POST", "/_fake/emit", {"event": "RUN_FINISH", "run_id": ended.run_id})
    assert again["run_id"] == ended.run_id
    _, deliveries = await curl("GET", "/_fake/deliveries")
    assert [one["event"] for one in deliveries] == [
        *("RUN_CANCELED", "RUN_START", "RUN_FINISH", "RUN_FINISH")
    ]
    nix = await curl("POST", "/_fake/emit", {"event": "RUN_FINISH", "run_id": "nix"})
    assert nix == (404, {"status": "FAILED", "error": "there is no run nix"})
    assert (await curl("POST", "/_fake/emit", {"event": "RUN_RESTED"}))[0] == 400


async def test_reset(curl: Curl) -> None:
    project_id = curl.server.world.projects[0].project_id
    first = curl.server.world.projects[0].runs[0].run_id
    assert await curl.api(f"/v1/runs/{first}") == 200
    assert await curl.api(f"/v1/runs/{first}", "DELETE") == 200
    await curl("PUT", "/_fake/rate", {"rate": "1/h"})
    await curl("POST", "/_fake/faults", {"operation": "listProjects"})
    await curl("POST", "/_fake/clock", {"hours": 1})
    assert await curl("POST", "/_fake/reset") == (200, {"status": "OK"})
    assert await curl("GET", "/_fake/requests") == (200, [])
    assert await curl.api(f"/v1/runs/{first}") == 200
    run = curl.server.world.projects[0].runs[1]
    assert (project_id, run.completion_state) == (run.project_id, "IN_PROGRESS")
    await curl("POST", "/_fake/clock", {"hours": 1})
    assert run.completion_state == "COMPLETE"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_fake/nix"), ("GET", "/_fake"), ("PUT", "/_fake/clock")]
)
async def test_what_there_is_not(curl: Curl, method: str, path: str) -> None:
    status, refused = await curl(method, path)
    assert status == 404
    assert refused["error"] == f"no {method} {path}: GET /_fake/ lists what there is"
    assert curl.server.requests == []


async def test_a_strict_server_refuses_parameters_that_the_service_ignores() -> None:
    async with FakeCurrents() as server:
        assert await Curl(server).api("/v1/projects?limits=1") == 400
        [request] = server.requests
    assert request.error == "limits is not a parameter of this operation"
    assert request.unknown == {"limits": "limit"}
