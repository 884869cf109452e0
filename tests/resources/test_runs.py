from collections.abc import Awaitable, Callable

import pytest

from currents_async import (
    AlreadyCancelledError,
    Currents,
    InvalidArgumentError,
    NotFoundError,
    Progress,
    UnauthorizedError,
)
from currents_async.models import CompletionState, Outcome
from currents_async.testing import FakeCurrents, WorldProject


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
async def test_the_counts_of_a_run_are_those_of_its_instances(
    currents: Currents, project: WorldProject, framework: str
) -> None:
    made = project.run(specs=12, framework=framework, failures=3, flaky=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run = await currents.runs.get(made.run_id)
    for spec in run.specs:
        assert spec.instance_id is not None
        instance = await currents.instances.get(spec.instance_id)
        assert spec.results is not None
        assert spec.results.stats is not None
        states = [test.state for test in instance.tests]
        assert spec.results.stats.failures == states.count(Outcome.FAILED)
        assert spec.results.stats.passes == states.count(Outcome.PASSED)
        assert spec.results.stats.total == len(states)
        assert spec.flaky == sum(test.is_flaky for test in instance.tests)
        assert spec.failed == instance.failed


class TestFind:
    async def test_by_branch_build_and_tags(
        self, currents: Currents, project: WorldProject
    ) -> None:
        main = project.run(specs=1, branch="main", tags=["nightly"], ci_build_id="b1")
        release = project.run(specs=1, branch="release/7", tags=["nightly", "eu"])
        find = currents.runs.find
        assert (await find(project.project_id, branch="main")).run_id == main.run_id
        assert (await find(project.project_id, branch="release/*")).run_id == release.run_id
        assert (await find(project.project_id, ci_build_id="b1")).run_id == main.run_id
        assert (await find(project.project_id, tags=["eu", "nightly"])).run_id == release.run_id
        with pytest.raises(NotFoundError):
            await find(project.project_id, branch="nowhere")

    async def test_the_project_of_the_client(
        self, server: FakeCurrents, project: WorldProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = project.run(specs=1)
        async with Currents(
            server.api_key, base_url=server.url, project_id=project.project_id
        ) as currents:
            assert (await currents.runs.find()).run_id == made.run_id
        monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
        async with Currents(server.api_key, base_url=server.url) as currents:
            assert (await currents.runs.find()).run_id == made.run_id


async def test_cancel(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=3, running=True)
    cancellation = await currents.runs.cancel(made.run_id)
    assert cancellation.run_id == made.run_id
    run = await currents.runs.get(made.run_id)
    assert run.completion_state is CompletionState.CANCELED
    assert run.cancellation is not None
    assert run.cancellation.at == cancellation.at
    with pytest.raises(AlreadyCancelledError) as caught:
        await currents.runs.cancel(made.run_id)
    assert caught.value.status == 422


async def test_cancel_github_ci(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=3, running=True, github_run=("77", 2))
    with pytest.raises(NotFoundError):
        await currents.runs.cancel_github_ci("77", 1)
    assert (await currents.runs.cancel_github_ci("77", 2)).run_id == made.run_id


async def test_reset(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=6)
    machine = (await currents.runs.get(made.run_id)).specs[0].machine_id
    assert machine is not None
    await currents.runs.reset(made.run_id, [machine])
    run = await currents.runs.get(made.run_id)
    assert not run.has_ended
    assert run.specs[0].results is None


async def test_delete(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=1)
    instance_id = made.specs[0].instance_id
    assert instance_id is not None
    assert (await currents.runs.delete(made.run_id)).run_id == made.run_id
    with pytest.raises(NotFoundError, match="404"):
        await currents.runs.get(made.run_id)
    with pytest.raises(NotFoundError):
        await currents.instances.get(instance_id)


async def test_a_wrong_key(server: FakeCurrents) -> None:
    async with Currents("another-key", base_url=server.url) as currents:
        with pytest.raises(UnauthorizedError, match="Invalid API key") as caught:
            await currents.runs.get("r")
    assert caught.value.request_id == server.requests[0].request_id
    assert caught.value.url == f"{server.url}/runs/r"
    assert caught.value.method == "GET"


INVALID: dict[str, Callable[[Currents], Awaitable[object]]] = {
    "empty run ID": lambda c: c.runs.get(""),
    "a path": lambda c: c.runs.get("../projects"),
    "two dots": lambda c: c.runs.cancel(".."),
    "a line break": lambda c: c.runs.delete("r\n"),
    "no text": lambda c: c.instances.get(None),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    "no project": lambda c: c.runs.find(),
    "build and branch": lambda c: c.runs.find("p", ci_build_id="b", branch="main"),
    "tags as one string": lambda c: c.runs.find("p", tags="nightly"),
    "an empty tag": lambda c: c.runs.find("p", tags=[""]),
    "machines as one string": lambda c: c.runs.reset("r", "m1"),
    "a GitHub run ID that is a number": lambda c: c.runs.cancel_github_ci(1, 1),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    "no concurrency": lambda c: c.runs.get_instances("r", concurrency=0),
    "IDs as one string": lambda c: c.instances.get_many("abc"),
    "one bad ID among many": lambda c: c.instances.get_many(["a", "b/c"]),
    "a bad on_error": lambda c: c.instances.get_many(["a"], on_error="ignore"),  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
}


@pytest.mark.parametrize("call", INVALID.values(), ids=INVALID)
async def test_bad_input_is_refused_before_anything_is_sent(
    server: FakeCurrents, currents: Currents, call: Callable[[Currents], Awaitable[object]]
) -> None:
    with pytest.raises(InvalidArgumentError):
        await call(currents)
    assert server.requests == []


class TestProgress:
    @pytest.mark.parametrize("name", ["get_instances", "failures", "flaky_tests"])
    async def test_of_one_run(self, currents: Currents, project: WorldProject, name: str) -> None:
        made = project.run(specs=6, failures=2, flaky=2)
        seen: list[Progress] = []
        await getattr(currents.runs, name)(made.run_id, on_progress=seen.append)
        assert [one.done for one in seen] == [*range(1, len(seen) + 1)]
        assert seen[-1].total == len(seen) > 0

    async def test_of_two_runs(self, currents: Currents, project: WorldProject) -> None:
        before, after = (project.run(specs=number) for number in (3, 4))
        seen: list[Progress] = []
        await currents.runs.diff(before.run_id, after.run_id, on_progress=seen.append)
        assert [one.done for one in seen] == [1, 2, 3, 4, 5, 6, 7]
        assert {one.total for one in seen[:3]} == {None}
        assert seen[-1].total == 7
