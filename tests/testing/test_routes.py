"""All operations are there, and they take payloads as they are published."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from currents_async import _resources
from currents_async._wire.endpoint import Endpoint
from currents_async.testing import World
from currents_async.testing._serving.operations import ROUTES

SAMPLES = Path(__file__).parent.parent / "samples"
DATES = (("date_start", "2020-01-01"), ("date_end", "2027-01-01"))


def test_every_operation_has_a_route() -> None:
    modules = [
        importlib.import_module(f"{_resources.__name__}.{module.name}")
        for module in pkgutil.iter_modules(_resources.__path__)
    ]
    endpoints = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Endpoint)
    ]
    wanted = {(one.operation, one.method, one.path) for one in endpoints}
    served = [
        (route.endpoint.operation, route.endpoint.method, route.endpoint.path) for route in ROUTES
    ]
    assert len(served) == len(set(served))
    assert set(served) == wanted


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
async def test_published_payloads(served: Any, world: World, framework: str) -> None:
    run, instance = (
        msgspec.json.decode((SAMPLES / f"{kind}-{framework}.json").read_bytes())["data"]
        for kind in ("run", "instance")
    )
    # The samples are not of the same run.
    instance["runId"], instance["projectId"] = run["runId"], run["projectId"]
    run["specs"][0]["instanceId"] = instance["instanceId"]
    world.add_run_payload(run)
    world.add_instance_payload(instance)
    project_id = run["projectId"]
    tests = instance["results"]["tests"]
    for path in (
        f"projects/{project_id}/insights",
        f"spec-files/{project_id}",
        f"errors/{project_id}",
        f"tests/{project_id}",
    ):
        data = (await served.get(path, *DATES))["data"]
        assert len(data.get("list", [1])) > 0
    assert len(data["list"]) == len({tuple(test["title"]) for test in tests})
    for test in data["list"]:
        results = await served.walk(f"test-results/{test['signature']}", *DATES)
        assert {one["instanceId"] for one in results} == {instance["instanceId"]}
    for kind in ("tag", "branch", "authorName", "framework", "clientVersion"):
        await served.get(f"projects/{project_id}/terms/{kind}")
    assert len((await served.get(f"projects/{project_id}/runs"))["data"]) == 1
    assert (await served.get(f"projects/{project_id}/pull-requests"))["data"] == []
    await served.get("context", run_id=run["runId"])
