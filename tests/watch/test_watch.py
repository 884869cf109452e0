"""Watched runs: each spec once, as it completes."""

import asyncio
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from currents_async import Currents, Retries
from currents_async.models import CompletionState, RunSpec
from currents_async.testing import FakeCurrents, RecordedRequest, World, WorldProject
from currents_async.testing.clock import ManualClock
from tests.watch.watching import (
    add_run,
    before_each_response,
    collect,
    completing,
    ids_of,
    open_client,
)


async def test_each_spec_as_it_completes(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
) -> None:
    run = project.run(specs=40, completed=4, failures=3)
    before_each_response(server, completing(run, *[3] * 12))
    arrived: list[RunSpec] = []
    async with currents.runs.watch(run.run_id) as events:
        async for spec in events:
            arrived.append(spec)
            assert len(arrived) <= 4 + 3 * len(server.requests)
        final = events.run
    whole = await currents.runs.get(run.run_id)
    assert sorted(arrived, key=attrgetter("spec")) == sorted(whole.specs, key=attrgetter("spec"))
    assert final == msgspec.structs.replace(whole, specs=())
    assert (final.completion_state, final.failed) == (CompletionState.COMPLETE, True)
    assert len(server.requests) == 12 + 1
    assert clock.waited == [2.0] * 11


@pytest.mark.parametrize("state", ["complete", "cancelled", "timed out"])
async def test_a_run_that_has_ended_takes_one_request(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock, state: str
) -> None:
    run = project.run(specs=9, timed_out=state == "timed out", unclaimed=2 * (state != "complete"))
    if state == "cancelled":
        run.cancel()
    arrived, final = await collect(currents.runs.watch(run.run_id))
    assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs if spec.instance_id}
    assert len(arrived) == len(set(ids_of(arrived)))
    assert arrived == sorted(arrived, key=attrgetter("completed_at"))
    assert final.has_ended
    assert final.is_complete is (state == "complete")
    assert len(server.requests) == 1
    assert clock.waited == []


@pytest.mark.parametrize("end", ["cancel", "time out"])
async def test_remaining_specs_come_before_the_end(
    server: FakeCurrents, currents: Currents, project: WorldProject, end: str
) -> None:
    run = project.run(specs=20, completed=0)

    def finish() -> None:
        run.complete(4)
        if end == "cancel":
            run.cancel()
        else:
            run.payload.update(completionState="TIMEOUT", status="FAILED")

    before_each_response(server, [*completing(run, 5, 0), finish])
    arrived, final = await collect(currents.runs.watch(run.run_id))
    assert len(ids_of(arrived)) == len(set(ids_of(arrived))) == 9
    ended = CompletionState.CANCELED if end == "cancel" else CompletionState.TIMEOUT
    assert final.completion_state == ended
    assert len(server.requests) == 3


class TestNewSpecs:
    async def test_a_spec_that_was_reset_comes_again(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, world: World
    ) -> None:
        run = project.run(specs=60, completed=0)
        first: list[str | None] = []

        def reset() -> None:
            first.extend(world.reset(run.run_id, run.machine_ids[:1]))

        before_each_response(server, [*completing(run, 40), reset, *completing(run, 30, 60)])
        arrived, _ = await collect(currents.runs.watch(run.run_id))
        assert 0 < len(first) < 40
        assert len(arrived) == len(set(ids_of(arrived))) == 60 + len(first)
        last = {spec.spec: spec.instance_id for spec in arrived}
        assert last == {spec.path: spec.instance_id for spec in run.specs}

    async def test_a_claimed_spec_comes_when_it_has_completed(
        self, server: FakeCurrents, currents: Currents, world: World
    ) -> None:
        spec = {"spec": "a.ts", "instanceId": "i", "claimedAt": "2026-01-05T09:00:00.000Z"}
        done = {**spec, "completedAt": "2026-01-05T09:01:00.000Z", "results": {"flaky": 0}}
        states: list[tuple[str, dict[str, Any]]] = [
            ("IN_PROGRESS", spec),
            ("IN_PROGRESS", done),
            ("COMPLETE", done),
        ]
        before_each_response(server, [partial(add_run, world, *one) for one in states])
        arrived, _ = await collect(currents.runs.watch("r"))
        assert [one.instance_id for one in arrived] == ["i"]
        assert len(server.requests) == 3

    async def test_specs_without_instances_are_identified_by_group_and_path(
        self, server: FakeCurrents, currents: Currents, world: World
    ) -> None:
        when = "2026-01-05T09:01:00.000Z"
        specs = [
            {"spec": name, "groupId": group, "completedAt": when, "results": {"flaky": 0}}
            for name, group in [("a.ts", "one"), ("a.ts", "two"), ("b.ts", "one"), ("a.ts", "one")]
        ]
        before_each_response(
            server,
            [
                partial(add_run, world, "IN_PROGRESS", *specs[:2]),
                partial(add_run, world, "COMPLETE", *specs),
            ],
        )
        arrived, _ = await collect(currents.runs.watch("r"))
        assert [(one.spec, one.group_id) for one in arrived] == [
            ("a.ts", "one"),
            ("a.ts", "two"),
            ("b.ts", "one"),
        ]

    async def test_only_new_specs_are_kept(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=500, completed=490)
        before_each_response(server, completing(run, 1, 3, 6))
        async with currents.runs.watch(run.run_id) as events:
            at_hand = [len(events._new) async for _ in events]
        assert at_hand == [*range(490, -1, -1), *range(2, -1, -1), *range(5, -1, -1)]


async def test_two_at_once(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
) -> None:
    runs = [project.run(specs=12, completed=0) for _ in range(2)]
    counts = {run.run_id: iter([1, 2, 3, 4, 2]) for run in runs}

    async def step(request: RecordedRequest) -> None:
        run_id = request.path_args["run_id"]
        server.world.runs[run_id].complete(next(counts[run_id]))

    server.before_response = step
    collected = await asyncio.gather(*(collect(currents.runs.watch(run.run_id)) for run in runs))
    for run, (arrived, final) in zip(runs, collected, strict=True):
        assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs}
        assert final.run_id == run.run_id
    assert len(server.requests) == 10
    assert clock.waited == [2.0] * 8


FAULTS: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "reset": {"fault": "reset"},
    "truncate": {"fault": "truncate"},
    "corrupt": {"fault": "corrupt"},
}


STEP = st.one_of(
    st.tuples(st.just("complete"), st.integers(1, 5)),
    st.tuples(st.just("take back"), st.integers(0, 20)),
    st.tuples(st.sampled_from([*FAULTS]), st.just(0)),
)


def is_bearable(steps: list[tuple[str, int]]) -> bool:
    """Return whether there are never ten faults in a row, which would end the watch."""
    runs = groupby(steps, key=lambda step: step[0] in FAULTS)
    return all(len(list(several)) < 10 for are_faults, several in runs if are_faults)


@given(steps=st.lists(STEP, max_size=25).filter(is_bearable), attempts=st.integers(1, 2))
@settings(max_examples=40)
def test_each_instance_exactly_once_whatever_happens(
    steps: list[tuple[str, int]], attempts: int
) -> None:
    asyncio.run(check_each_once(steps, attempts))


async def check_each_once(steps: list[tuple[str, int]], attempts: int) -> None:
    world = World()
    run = world.project().run(specs=12, completed=0)
    left = iter(steps)
    seen: list[list[str]] = []
    """What was complete when a request came."""

    async def step(_: RecordedRequest) -> None:
        what, number = next(left, ("complete", 12))
        if what in FAULTS:
            server.fail("getRun", **FAULTS[what])
        elif what == "complete" and run.completion_state == "IN_PROGRESS":
            run.complete(number)
        elif what == "take back" and run.machine_ids:
            world.reset(run.run_id, [run.machine_ids[number % len(run.machine_ids)]])
        seen.append([spec.instance_id for spec in run.specs if spec.instance_id])

    async with (
        FakeCurrents(world) as server,
        open_client(server, ManualClock(), retries=Retries(attempts=attempts)) as currents,
    ):
        server.before_response = step
        arrived, final = await collect(currents.runs.watch(run.run_id))
    seen_ids = [
        instance_id
        for request, complete in zip(server.requests, seen, strict=True)
        if request.fault is None
        for instance_id in complete
    ]
    assert len(set(ids_of(arrived))) == len(arrived)
    assert {spec.instance_id for spec in run.specs} <= set(ids_of(arrived)) <= set(seen_ids)
    assert final.is_complete
    if attempts == 1:
        # A second attempt is lost with the half of the first, where the run has got on meanwhile.
        assert set(ids_of(arrived)) == set(seen_ids)
