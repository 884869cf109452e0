from typing import Any

import pytest

from currents_async.testing import World, WorldExecution, WorldProject, WorldRun


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(failures=23, flaky=5)


@pytest.fixture
def failed(world: World, run: WorldRun) -> list[WorldExecution]:
    return [one for one in world.view.of_run(run) if one.state == "failed"]


async def markdown(served: Any, **query: Any) -> str:
    async with served.session.get(
        "context",
        params={"format": "md", **query},
        headers={"Accept-Encoding": "identity", "Accept": "text/markdown"},
    ) as response:
        assert response.status == 200
        assert response.content_type == "text/markdown"
        text: str = await response.text()
        return text


async def test_of_a_run(served: Any, run: WorldRun, failed: list[WorldExecution]) -> None:
    tests: list[Any] = []
    page: Any = 0
    while page is not False:
        data = (await served.get("context", run_id=run.run_id, limit=9, page=page))["data"]
        assert (data["run"]["runId"], data["total"]) == (run.run_id, 23)
        tests += data["list"]
        page = data["nextPage"]
    assert [(one["instanceId"], one["testId"]) for one in tests] == [
        (one.instance_id, one.test_id) for one in failed
    ]
    assert all(one["attempts"][-1]["error"]["stack"] for one in tests)
    assert "\\u001b" not in str(tests)


async def test_flaky_tests_of_a_run(served: Any, run: WorldRun) -> None:
    for flag, total in (("true", 28), ("false", 23)):
        data = (await served.get("context", run_id=run.run_id, include_flaky=flag))["data"]
        assert data["total"] == total


async def test_of_an_instance(served: Any, run: WorldRun, failed: list[WorldExecution]) -> None:
    instance_id = failed[0].instance_id
    ids = {"run_id": run.run_id, "instance_id": instance_id}
    data = (await served.get("context", **ids))["data"]
    mine = [one.test_id for one in failed if one.instance_id == instance_id]
    assert [one["testId"] for one in data["list"]] == mine


async def test_of_a_test(
    served: Any, world: World, run: WorldRun, failed: list[WorldExecution]
) -> None:
    retried = next(one for one in world.view.of_run(run) if one.flaky)
    for one in (failed[0], retried):
        ids = {"instance_id": one.instance_id, "test_id": one.test_id}
        (test,) = (await served.get("context", **ids))["data"]["list"]
        assert (test["state"], test["flaky"]) == (one.state, one.flaky)
        for number, attempt in enumerate(test["attempts"]):
            data = (await served.get("context", **ids, attempt=number))["data"]
            assert data["list"][0]["attempts"] == [attempt]
        query = {**ids, "attempt": len(test["attempts"])}
        assert (await served.call("GET", "context", params=query))[0] == 404


async def test_details(served: Any, run: WorldRun, failed: list[WorldExecution]) -> None:
    sizes: list[int] = []
    for detail in ("summary", "compact", "default"):
        data = (await served.get("context", run_id=run.run_id, detail=detail))["data"]
        test = data["list"][0]
        text = await markdown(served, run_id=run.run_id, detail=detail, limit=3)
        assert ("attempts" in test) == (detail != "summary")
        assert ("stack" in str(test)) == (detail == "default")
        assert run.run_id in text
        assert failed[0].test_id in text
        assert "There is more on page 1." in text
        sizes.append(len(text))
    assert sizes == sorted(sizes)


async def test_markdown_has_a_maximum_length(served: Any, run: WorldRun) -> None:
    whole = await markdown(served, run_id=run.run_id)
    assert whole.startswith(f"# Run {run.run_id}\n")
    for most in (1, 100, 50_000):
        text = await markdown(served, run_id=run.run_id, max_length=most)
        assert text == whole[:most]


async def test_failures_are_in_the_envelope_whatever_the_format(served: Any, run: WorldRun) -> None:
    query = {"run_id": "nope", "format": "md"}
    response = await served.call("GET", "context", params=query)
    assert response == (404, {"status": "FAILED", "error": "Run not found"})


async def test_markdown_in_gzip_and_over_the_limit(serve: Any, world: World, run: WorldRun) -> None:
    async with serve(world, max_response_bytes=1000) as served:
        query = {"run_id": run.run_id, "format": "md"}
        async with served.session.get("context", params=query) as response:
            assert response.status == 413
            assert response.content_type == "application/json"
            assert response.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"instance_id": "i"},
        {"test_id": "t"},
        {"run_id": "r", "test_id": "t"},
        {"run_id": "r", "attempt": "0"},
        {"instance_id": "i", "test_id": "t", "attempt": "-1"},
        {"format": "xml"},
        {"detail": "full"},
        {"limit": "0"},
        {"limit": "51"},
        {"page": "-1"},
        {"max_length": "0"},
        {"max_length": "50001"},
        {"size": "1"},
    ],
    ids=str,
)
async def test_refusals(served: Any, run: WorldRun, query: dict[str, str]) -> None:
    if not {"run_id", "instance_id", "test_id"} & query.keys() and query:
        query = {"run_id": run.run_id, **query}
    await served.refused("context", *query.items())


async def test_unknown_ids(served: Any, project: WorldProject, run: WorldRun) -> None:
    instance, other = run.specs[0].instance_id, project.run().specs[0].instance_id
    for query in (
        {"run_id": "nope"},
        {"run_id": run.run_id, "instance_id": "nope"},
        {"run_id": run.run_id, "instance_id": other},
        {"instance_id": "nope", "test_id": "t"},
        {"instance_id": instance, "test_id": "nope"},
    ):
        assert (await served.call("GET", "context", params=query))[0] == 404
