import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from currents_async import Currents, InvalidArgumentError, NotFoundError
from currents_async.models import ListedRun, Run
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun
from tests.support import RUN

START = datetime(2026, 2, 1, tzinfo=UTC)


def at(milliseconds: int) -> str:
    moment = START + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def payload(run_id: str, created: int, **rest: Any) -> dict[str, Any]:
    """Return a complete run without branch and tags, created so many milliseconds later."""
    return {**RUN, "runId": run_id, "createdAt": at(created), **rest}


async def previous_id(currents: Currents, run: Run | str) -> str | None:
    previous = await currents.runs.previous(run)
    return None if previous is None else previous.run_id


async def test_the_newest_complete_run_of_the_same_branch_and_tags(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    project.run(specs=1, branch="dev", tags=["nightly", "web"])
    expected = project.run(specs=1, branch="dev", tags=["nightly", "web"], failures=1)
    project.run(specs=1, branch="main", tags=["nightly", "web"])
    project.run(specs=1, branch="dev2", tags=["nightly", "web"])
    project.run(specs=1, branch="dev", tags=["nightly"])
    project.run(specs=1, branch="dev", tags=["nightly", "web", "slow"])
    project.run(specs=1, branch="dev", tags=["nightly", "web"], running=True)
    project.run(specs=1, branch="dev", tags=["nightly", "web"], timed_out=True)
    project.run(specs=1, branch="dev", tags=["nightly", "web"], unclaimed=1, failures=0).cancel()
    run = project.run(specs=1, branch="dev", tags=["web", "nightly"])
    project.run(specs=1, branch="dev", tags=["nightly", "web"])
    whole = await currents.runs.get(run.run_id)
    server.requests.clear()

    previous = await currents.runs.previous(whole)
    assert isinstance(previous, ListedRun)
    assert previous.run_id == expected.run_id
    assert previous.failed
    assert previous.specs == ()
    [request] = server.requests
    assert request.operation == "listProjectRuns"
    assert request.query == [
        ("tags[]", "web"),
        ("tags[]", "nightly"),
        ("branches[]", "dev"),
        ("tag_operator", "AND"),
        ("completion_state", "COMPLETE"),
        ("date_end", run.created_at),
        ("limit", "50"),
    ]


async def test_a_run_by_its_id_is_fetched(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    first, second = project.run(specs=1), project.run(specs=1)
    assert await previous_id(currents, second.run_id) == first.run_id
    assert [one.operation for one in server.requests] == ["getRun", "listProjectRuns"]
    assert await previous_id(currents, first.run_id) is None
    with pytest.raises(NotFoundError):
        await currents.runs.previous("unknown")


async def test_the_previous_run_has_a_previous_run(
    currents: Currents, project: WorldProject
) -> None:
    runs = [project.run(specs=1, branch=branch) for branch in ("a", "b", "a", "b", "a")]
    found: list[str] = []
    run: Run | None = await currents.runs.get(runs[-1].run_id)
    while run is not None:
        found.append(run.run_id)
        run = await currents.runs.previous(run)
    assert found == [runs[4].run_id, runs[2].run_id, runs[0].run_id]


@pytest.mark.parametrize("state", ["running", "timed_out", "cancelled"])
async def test_the_run_itself_may_be_in_any_state(
    currents: Currents, project: WorldProject, state: str
) -> None:
    first = project.run(specs=1)
    run = project.run(specs=1, running=state == "running", timed_out=state == "timed_out")
    if state == "cancelled":
        run.cancel()
    assert await previous_id(currents, run.run_id) == first.run_id


async def test_runs_of_other_projects_do_not_count(
    server: FakeCurrents, project: WorldProject, world: World
) -> None:
    """The client's own project counts for nothing: the run says which one it is of."""
    other = world.project()
    other.run(specs=1)
    first, second = project.run(specs=1), project.run(specs=1)
    async with Currents(
        server.api_key, base_url=server.url, project_id=other.project_id
    ) as currents:
        assert await previous_id(currents, second.run_id) == first.run_id


async def test_the_retried_run_is_not_the_previous_one(currents: Currents, world: World) -> None:
    commit = {"commit": {"branch": "dev"}}
    world.add_run_payload(payload("comparable", 1, meta=commit))
    world.add_run_payload(payload("retried", 2, completionState="CANCELED", meta=commit))
    world.add_run_payload(payload("run", 3, previousRunId="retried", meta=commit))
    run = await currents.runs.get("run")
    assert run.previous_run_id == "retried"
    assert await previous_id(currents, run) == "comparable"


@pytest.mark.parametrize("meta", [None, {}, {"commit": None}, {"commit": {"branch": None}}])
async def test_without_a_branch_it_is_compared_with_runs_without_one(
    currents: Currents, world: World, meta: dict[str, Any] | None
) -> None:
    world.add_run_payload(payload("without", 1))
    world.add_run_payload(payload("with", 2, meta={"commit": {"branch": "dev"}}))
    world.add_run_payload(payload("run", 3, meta=meta or {}))
    assert await previous_id(currents, "run") == "without"


async def test_a_run_of_the_same_millisecond_is_not_earlier(
    currents: Currents, world: World
) -> None:
    for run_id, created in [("c", 0), ("a", 5), ("b", 5)]:
        world.add_run_payload(payload(run_id, created))
    assert await previous_id(currents, "a") == "c"
    assert await previous_id(currents, "b") == "c"


async def test_deleted_runs_are_skipped(currents: Currents, world: World) -> None:
    for run_id, created in [("first", 1), ("second", 2), ("gone", 3), ("run", 4)]:
        world.add_run_payload(payload(run_id, created))
    run = await currents.runs.get("run")
    assert await previous_id(currents, run) == "gone"
    world.delete("gone")
    assert await previous_id(currents, run) == "second"
    world.delete("run")
    assert await previous_id(currents, run) == "second"


@pytest.mark.parametrize(
    "odd",
    [{"deletedAt": at(9)}, {"completionState": "IN_PROGRESS"}, {"createdAt": None}],
    ids=["deleted", "in progress", "without a date"],
)
async def test_listed_runs_that_do_not_match_are_skipped(
    server: FakeCurrents, currents: Currents, odd: dict[str, Any]
) -> None:
    listed = [payload("odd", 2, cursor="b") | odd, payload("kept", 1, cursor="a")]
    body = msgspec.json.encode({"status": "OK", "has_more": False, "data": listed})
    server.fail("listProjectRuns", 200, body=body)
    run = msgspec.convert(payload("run", 3), Run)
    assert await previous_id(currents, run) == "kept"


async def test_tags_that_cannot_be_filtered_by_are_compared(
    server: FakeCurrents, currents: Currents, world: World
) -> None:
    world.add_run_payload(payload("odd", 1, tags=["web", "", "a\nb"]))
    world.add_run_payload(payload("plain", 2, tags=["web"]))
    world.add_run_payload(payload("run", 3, tags=["web", "a\nb", ""]))
    assert await previous_id(currents, "run") == "odd"
    assert [value for name, value in server.requests[-1].query if name == "tags[]"] == ["web"]


async def test_the_search_is_bounded(
    server: FakeCurrents, currents: Currents, world: World
) -> None:
    world.add_run_payload(payload("too far", 1, tags=["web"]))
    world.add_run_payload(payload("far", 2, tags=["web"]))
    for number in range(498):
        world.add_run_payload(payload(f"other {number}", 10 + number, tags=["web", "slow"]))
    world.add_run_payload(payload("run", 1_000, tags=["web"]))
    run = await currents.runs.get("run")
    server.requests.clear()
    # Itself and 498 others come first.
    assert await previous_id(currents, run) == "far"
    assert len(server.requests) == 10
    world.delete("far")
    assert await previous_id(currents, run) == "too far"
    world.add_run_payload(payload("one more", 900, tags=["web", "slow"]))
    assert await previous_id(currents, run) is None
    assert len(server.requests) == 30


RUNS = st.builds(
    lambda created, branch, tags, state: {
        "createdAt": at(created),
        "tags": tags,
        "completionState": state,
        **({} if branch is None else {"meta": {"commit": {"branch": branch}}}),
    },
    created=st.integers(0, 9),
    branch=st.sampled_from(["a", "b", None]),
    tags=st.sampled_from([[], ["x"], ["x", "y"], ["y", "x"], ["x", "x"]]),
    state=st.sampled_from(["COMPLETE", "complete", "IN_PROGRESS", "CANCELED", "TIMEOUT"]),
)


@given(runs=st.lists(RUNS, min_size=1, max_size=12))
@settings(max_examples=25)
def test_against_all_runs_of_a_project(runs: list[dict[str, Any]]) -> None:
    asyncio.run(check_all(runs))


async def check_all(runs: list[dict[str, Any]]) -> None:
    world = World()
    for number, given_run in enumerate(runs):
        world.add_run_payload({**payload(f"r{number}", 0), **given_run})

    def kind(run: WorldRun) -> tuple[str | None, frozenset[str]]:
        return run.branch, frozenset(run.tags)

    async with (
        FakeCurrents(world) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        for run in world.runs.values():
            others = [
                other
                for other in world.runs.values()
                if other.created_at < run.created_at
                and kind(other) == kind(run)
                and other.completion_state.upper() == "COMPLETE"
            ]
            newest = max((other.created_at for other in others), default=None)
            expected: set[str | None] = {
                other.run_id for other in others if other.created_at == newest
            }
            assert await previous_id(currents, run.run_id) in (expected or {None})


class TestMisuse:
    async def test_a_run_without_a_date(self, server: FakeCurrents, currents: Currents) -> None:
        run = msgspec.convert({**payload("r", 1), "createdAt": None}, Run)
        with pytest.raises(InvalidArgumentError, match="run r does not say when"):
            await currents.runs.previous(run)
        assert server.requests == []

    @pytest.mark.parametrize("run", ["", "a/b", None, 5])
    async def test_an_invalid_run_id(
        self, server: FakeCurrents, currents: Currents, run: Any
    ) -> None:
        with pytest.raises(InvalidArgumentError, match="run_id must"):
            await currents.runs.previous(run)
        assert server.requests == []
