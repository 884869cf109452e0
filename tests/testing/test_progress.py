"""Runs of a world that get on: spec after spec, as if they had been complete from the beginning."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from currents_async import Currents, InvalidArgumentError
from currents_async.models import Run
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun

FRAMEWORKS = ["playwright", "cypress"]


def make(world: World | None = None, framework: Any = "playwright", **options: Any) -> WorldRun:
    return (world or World()).project().run(framework=framework, **options)


def encoded(world: World, run: WorldRun) -> bytes:
    """Return all that is served of a run."""
    instances = [world.instance(spec.instance_id) for spec in run.specs if spec.instance_id]
    return msgspec.json.encode([run.payload, instances])


def paths(specs: Iterable[Any]) -> list[str]:
    return [spec.path for spec in specs]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("steps", [[1] * 30, [10, 15, 5], [None], [29, None], [100]], ids=str)
def test_a_completed_run_is_the_same_to_the_byte(framework: str, steps: list[int | None]) -> None:
    options: dict[str, Any] = {"framework": framework, "specs": 30, "groups": 2, "failures": 3}
    world, other = World(5), World(5)
    run = make(world, completed=0, **options)
    for count in steps:
        run.complete(count)
    assert encoded(world, run) == encoded(other, make(other, **options))
    assert (run.completion_state, run.status) == ("COMPLETE", "FAILED")


@given(completed=st.integers(0, 20), steps=st.lists(st.integers(1, 7), max_size=6))
@settings(max_examples=30)
def test_counters_of_a_running_run_are_those_of_complete_specs(
    completed: int, steps: list[int]
) -> None:
    whole = make(specs=20, groups=2)
    run = make(specs=20, groups=2, completed=completed)
    found = completed
    for count in steps:
        if run.completion_state == "IN_PROGRESS":
            found += len(run.complete(count))
    assert run.specs[:found] == whole.specs[:found]
    assert all(spec.instance_id is None for spec in run.specs[found:])
    for group in run.payload["groups"]:
        mine = [spec for spec in run.specs if spec.group_id == group["groupId"]]
        done = [spec for spec in mine if spec.instance_id]
        assert group["instances"]["overall"] == len(mine)
        assert group["instances"]["claimed"] == group["instances"]["complete"] == len(done)
        assert group["tests"]["failures"] == sum(spec.failures for spec in done)
        assert group["tests"]["tests"] == sum(spec.tests for spec in done)
    assert run.completion_state == ("COMPLETE" if found == 20 else "IN_PROGRESS")


def test_the_next_specs_are_returned() -> None:
    run = make(specs=6, completed=2)
    assert paths(run.complete(3)) == paths(run.specs[2:5])
    [last] = run.complete(3)
    assert last == run.specs[5]
    assert last.instance_id is not None


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_unclaimed_specs_complete_too(framework: str) -> None:
    world = World()
    run = make(world, framework, specs=20, unclaimed=5, failures=2)
    before = deepcopy(run.payload["specs"][:15])
    assert paths(run.complete()) == paths(run.specs[15:])
    assert run.payload["specs"][:15] == before
    assert (run.completion_state, run.status) == ("COMPLETE", "FAILED")
    assert len({spec.instance_id for spec in run.specs}) == 20
    assert sum(spec.failures for spec in run.specs) == 2
    check_instances(world, run)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_specs_taken_back_are_executed_again(framework: str) -> None:
    world = World()
    run = make(world, framework, specs=50, completed=45)
    first, ended = list(run.specs), run.payload["specs"][44]["completedAt"]
    machine = run.machine_ids[0]
    gone = world.reset(run.run_id, [machine])
    again = [index for index, spec in enumerate(first) if spec.machine_id == machine]
    done = run.complete(len(again))
    assert paths(done) == [first[index].path for index in again]
    for index, spec in zip(again, done, strict=True):
        assert spec.instance_id not in {None, first[index].instance_id}
        assert spec.machine_id not in {None, machine}
        assert (spec.tests, spec.failures, spec.flaky) == (
            first[index].tests,
            first[index].failures,
            first[index].flaky,
        )
        assert run.payload["specs"][index]["claimedAt"] > ended
    assert all(world.instance(instance_id) is None for instance_id in gone)
    run.complete()
    assert run.specs[45:] == make(framework=framework, specs=50).specs[45:]
    check_instances(world, run)


def test_each_execution_is_another_one_and_yet_the_same_in_every_world() -> None:
    ids: list[list[str | None]] = []
    for _ in range(2):
        world = World()
        run = make(world, specs=1)
        ids.append([run.specs[0].instance_id])
        for _ in range(3):
            world.reset(run.run_id, run.machine_ids)
            ids[-1].append(run.complete()[0].instance_id)
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4


def test_a_run_that_was_cancelled_goes_on_after_a_reset() -> None:
    world = World()
    run = make(world, specs=10, completed=5)
    run.cancel()
    with pytest.raises(InvalidArgumentError, match="has ended: CANCELED"):
        run.complete()
    world.reset(run.run_id, run.machine_ids)
    run.complete()
    assert run.completion_state == "COMPLETE"


def test_running_until_it_is_completed() -> None:
    run = make(specs=5, running=True)
    assert run.complete() == []
    assert run.payload == make(specs=5).payload


def test_executions_follow() -> None:
    world = World()
    run = make(world, specs=10, completed=0, tests=3)
    counts = [len(world.executions(run.project_id))]
    for _ in range(5):
        run.complete(2)
        counts.append(len(world.executions(run.project_id)))
    assert counts == [0, 6, 12, 18, 24, 30]


async def test_a_server_shows_the_progress(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    run = project.run(specs=9, completed=3)
    seen: list[Run] = []
    for _ in range(3):
        seen.append(await currents.runs.get(run.run_id))
        if run.completion_state == "IN_PROGRESS":
            run.complete(3)
    assert [sum(spec.is_complete for spec in one.specs) for one in seen] == [3, 6, 9]
    assert [one.has_ended for one in seen] == [False, False, True]
    instances = await currents.runs.get_instances(run.run_id)
    assert [one.instance_id for one in instances] == [spec.instance_id for spec in run.specs]


class TestArguments:
    @pytest.mark.parametrize("completed", [-1, 9])
    def test_how_many_are_complete(self, completed: int) -> None:
        with pytest.raises(InvalidArgumentError, match="completed must be 0 to 8"):
            make(specs=10, unclaimed=2, completed=completed)

    @pytest.mark.parametrize("count", [0, -1])
    def test_how_many_complete(self, count: int) -> None:
        run = make(specs=3, completed=0)
        before = run.version
        with pytest.raises(InvalidArgumentError, match="count must be at least 1"):
            run.complete(count)
        assert run.version == before

    @pytest.mark.parametrize("options", [{}, {"timed_out": True, "completed": 1}], ids=str)
    def test_a_run_that_has_ended(self, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidArgumentError, match="has ended"):
            make(specs=3, **options).complete()

    def test_a_run_that_was_added_as_it_is(self) -> None:
        run = World().add_run_payload(make(specs=3, completed=1).payload)
        with pytest.raises(LookupError, match="was added as it is"):
            run.complete()


def check_instances(world: World, run: WorldRun) -> None:
    for entry, spec in zip(run.payload["specs"], run.specs, strict=True):
        instance = world.instance(spec.instance_id or "")
        assert instance is not None
        assert instance["instanceId"] == entry["instanceId"]
        assert instance["results"]["stats"] == entry["results"]["stats"]
        assert instance["completedAt"] == entry["completedAt"]
        assert len(instance["results"]["tests"]) == spec.tests
